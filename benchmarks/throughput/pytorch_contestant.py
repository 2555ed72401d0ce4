"""Train ResNet-20 in plain PyTorch as a contestant: `Dataset`, `DataLoader`, a training loop.

This program runs in an environment of its own. The net and the training are those of He et al.
2015, section 4.2: option A shortcuts, SGD with momentum 0.9 and weight decay 1e-4, pad 4, random
crop, mirror. `--form` says how it runs: "eager" is PyTorch's default.

Inference takes uint8 images that are in memory in the layout of the form. It subtracts the mean and
outputs probabilities, which are copied to NumPy. torch.compile compiles all of that.
"""

import os
import platform

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from benchmarks.throughput.protocol import (
    INFERENCE_BATCH_SIZE,
    create_contestant_parser,
    load_arrays,
    require_gpu,
    run_tasks,
    send_event,
)

PARAMETERS = 269_722
FORMS = ("eager", "channels_last", "compile")


class Block(nn.Module):
    """relu(shortcut(x) + residual(x)). If the map shrinks, the shortcut pads with zeros."""

    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride, self.extra = stride, channels - channels_in

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.extra:
            before = self.extra // 2
            x = x[:, :, :: self.stride, :: self.stride]
            x = functional.pad(x, (0, 0, 0, 0, before, self.extra - before))
        return functional.relu(x + y)


class ResNet20(nn.Module):
    """Computes scores `(batch, 10)` from float images `(batch, 3, 32, 32)`."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(16)
        blocks, channels_in = [], 16
        for stage, channels in enumerate((16, 32, 64)):
            for block in range(3):
                stride = 2 if stage > 0 and block == 0 else 1
                blocks.append(Block(channels_in, channels, stride))
                channels_in = channels
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Linear(64, 10)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x):
        x = functional.relu(self.bn(self.conv(x)))
        x = self.blocks(x)  # (batch, 64, 8, 8)
        return self.classifier(x.mean(dim=(2, 3)))


def as_tensor(images):
    """Convert NumPy `(count, 32, 32, 3)` to `(count, 3, 32, 32)`, channels first in memory too."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()


class Cifar10(Dataset):
    """Float images `(3, 32, 32)`, cropped and mirrored at random, and their labels."""

    def __init__(self, images, labels):
        self.images = as_tensor(images)
        self.labels = torch.from_numpy(labels.astype("int64"))
        self.mean = torch.from_numpy(images.mean(axis=0, dtype="float64") / 255)
        self.mean = self.mean.permute(2, 0, 1).float()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = self.images[index].float() / 255 - self.mean
        image = functional.pad(image, (4, 4, 4, 4))
        top, left = torch.randint(9, (2,)).tolist()
        image = image[:, top : top + 32, left : left + 32]
        return image.flip(2) if torch.rand(()) < 0.5 else image, self.labels[index]


def count_parameters():
    count = sum(weight.numel() for weight in ResNet20().parameters())
    if count != PARAMETERS:
        raise ValueError(
            f"ResNet-20 with option A has {PARAMETERS:,} parameters; this has {count:,}"
        )
    return count


def choose_num_workers():
    """Return one worker per core. On one core return 0: equally fast, with the least memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores if cores > 1 else 0


class PyTorchScript:
    """The net in one of the `FORMS`, with one method for each task."""

    def __init__(self, training, x_test, options, device):
        self.device, self.half = device, options.precision == "bfloat16"
        self.images = options.batches * options.batch_size
        channels_last = options.form == "channels_last"
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        workers = choose_num_workers()
        self.loader = DataLoader(
            training,
            options.batch_size,
            shuffle=True,
            drop_last=True,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=device.type == "cuda",
        )
        self.x_test = as_tensor(x_test).contiguous(memory_format=self.layout)
        self.mean = training.mean[None].to(device, memory_format=self.layout)
        self.net = ResNet20().to(device).to(memory_format=self.layout)
        self.optimizer = torch.optim.SGD(
            self.net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4
        )
        functions = self.net, self.compute_probabilities
        if options.form == "compile":
            functions = map(torch.compile, functions)
        self.scores, self.probabilities = functions
        self.has_stepped = False

    def compute_probabilities(self, images):
        """Compute probabilities `(batch, 10)` from uint8 images `(batch, 3, 32, 32)`."""
        return self.net(images.float() / 255 - self.mean).softmax(1)

    def autocast(self):
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.half)

    def train(self):
        self.net.train()
        for x, y in self.loader:
            x = x.to(self.device, non_blocking=True, memory_format=self.layout)
            y = y.to(self.device, non_blocking=True)
            with self.autocast():
                loss = functional.cross_entropy(self.scores(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            if not self.has_stepped:
                loss.item()  # waits for the device
                send_event("first step")
                self.has_stepped = True
        if not np.isfinite(loss.item()):
            raise SystemExit(f"the loss is {loss.item()}: what is timed must be a training")
        return self.images

    def run_inference(self):
        self.net.eval()
        outputs = []
        with torch.inference_mode(), self.autocast():
            for images in self.x_test.split(INFERENCE_BATCH_SIZE):
                outputs.append(self.probabilities(images.to(self.device, non_blocking=True)))
            return len(torch.cat(outputs).float().cpu().numpy())


def main():
    parser = create_contestant_parser(__doc__)
    parser.add_argument("--form", default="eager", choices=FORMS)
    options = parser.parse_args()
    require_gpu(options.gpu, torch.cuda.is_available())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    images = options.batches * options.batch_size
    training, (x_test, _) = load_arrays(options.data, images, options.inference_images)
    script = PyTorchScript(Cifar10(*training), x_test, options, device)
    script.train()
    send_event("ready")
    run_tasks(training=script.train, inference=script.run_inference)
    cuda = device.type == "cuda"
    send_event(
        "end",
        parameters=count_parameters(),
        device=torch.cuda.get_device_name() if cuda else f"CPU, {torch.get_num_threads()} threads",
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
    )


if __name__ == "__main__":
    main()
