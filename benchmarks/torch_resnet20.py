"""ResNet-20 for CIFAR-10 in plain PyTorch: `Dataset`, `DataLoader` with workers, a training loop.

A contestant of `throughput.py`, in an environment of its own. Net and training are those of
He et al. 2015, section 4.2: option A shortcuts, SGD with momentum 0.9 and weight decay 1e-4, pad 4,
random crop, mirror. `--form` says how it runs: "eager" is PyTorch's default.

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
from turns import INFERENCE_BATCH, load, need_gpu, parser, say, take_turns

PARAMETERS = 269_722
FORMS = ("eager", "channels_last", "compile")


class Block(nn.Module):
    """relu(shortcut(x) + residual(x)); where the map shrinks, the shortcut pads with zeros."""

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
    """Images `(batch, 3, 32, 32)` to scores `(batch, 10)`."""

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
    """`(count, 32, 32, 3)` in NumPy to `(count, 3, 32, 32)`, channels first in memory too."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()


class Cifar10(Dataset):
    """Float images `(3, 32, 32)`, seen from a new place each time, and their labels."""

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


def number_of_parameters():
    count = sum(weight.numel() for weight in ResNet20().parameters())
    if count != PARAMETERS:
        raise ValueError(
            f"ResNet-20 with option A has {PARAMETERS:,} parameters; this has {count:,}"
        )
    return count


def number_of_workers():
    """On one core 0, 1 and 2 workers are equally fast; 0 takes the least memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores if cores > 1 else 0


class Script:
    """The net in one of the `FORMS`, with one method a task."""

    def __init__(self, training, x_test, options, device):
        self.device, self.half = device, options.precision == "bfloat16"
        self.images = options.batches * options.batch_size
        channels_last = options.form == "channels_last"
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        workers = number_of_workers()
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
        compiled = torch.compile if options.form == "compile" else lambda function: function
        self.scores, self.probabilities = compiled(self.net), compiled(self.from_uint8)
        self.stepped = False

    def from_uint8(self, images):
        """Images `(batch, 3, 32, 32)` to probabilities `(batch, 10)`."""
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
            if not self.stepped:
                loss.item()  # waits for the device
                say("first step")
                self.stepped = True
        if not np.isfinite(loss.item()):
            raise SystemExit(f"the loss is {loss.item()}: what is timed must be a training")
        return self.images

    def infer(self):
        self.net.eval()
        outputs = []
        with torch.inference_mode(), self.autocast():
            for images in self.x_test.split(INFERENCE_BATCH):
                outputs.append(self.probabilities(images.to(self.device, non_blocking=True)))
            return len(torch.cat(outputs).float().cpu().numpy())


def main():
    options = parser(__doc__)
    options.add_argument("--form", default="eager", choices=FORMS)
    options = options.parse_args()
    need_gpu(options.gpu, torch.cuda.is_available())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    images = options.batches * options.batch_size
    training, (x_test, _) = load(options.data, images, options.inference_images)
    script = Script(Cifar10(*training), x_test, options, device)
    script.train()
    say("ready")
    take_turns(training=script.train, inference=script.infer)
    cuda = device.type == "cuda"
    say(
        "end",
        parameters=number_of_parameters(),
        device=torch.cuda.get_device_name() if cuda else f"CPU, {torch.get_num_threads()} threads",
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
    )


if __name__ == "__main__":
    main()
