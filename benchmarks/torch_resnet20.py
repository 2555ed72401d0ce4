"""ResNet-20 for CIFAR-10 in plain PyTorch: `Dataset`, `DataLoader` with workers, a training loop.

A contestant of `throughput.py`, in an environment of its own. Net and training are those of
He et al. 2015, section 4.2: option A shortcuts, SGD with momentum 0.9 and weight decay 1e-4, pad 4,
random crop, mirror. `--form` says how it runs: "eager" is PyTorch's default.
"""

import os
import platform
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from turns import load, need_gpu, parser, say, wait_for_turn

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


class Cifar10(Dataset):
    """Float images `(3, 32, 32)`, seen from a new place each time, and their labels."""

    def __init__(self, images, labels):
        self.images = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
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


def main():
    options = parser(__doc__)
    options.add_argument("--form", default="eager", choices=FORMS)
    options = options.parse_args()
    need_gpu(options.gpu, torch.cuda.is_available())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    images = options.batches * options.batch_size
    loader = DataLoader(
        Cifar10(*load(options.data, images)[0]),
        options.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=max(2, os.cpu_count()),
        persistent_workers=True,
        pin_memory=device.type == "cuda",
    )
    net = ResNet20().to(device)
    layout = torch.channels_last if options.form == "channels_last" else torch.contiguous_format
    net = net.to(memory_format=layout)
    forward = torch.compile(net) if options.form == "compile" else net
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    half = options.precision == "bfloat16"

    for epoch in range(1 + options.rounds):
        if epoch > 0:
            wait_for_turn()
        started = time.perf_counter()
        net.train()
        for step, (x, y) in enumerate(loader):
            x = x.to(device, non_blocking=True, memory_format=layout)
            y = y.to(device, non_blocking=True)
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                loss = functional.cross_entropy(forward(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if epoch == step == 0:
                loss.item()  # waits for the device
                say("first step")
        if not np.isfinite(loss.item()):
            raise SystemExit(f"the loss is {loss.item()}: what is timed must be a training")
        seconds = time.perf_counter() - started
        if epoch == 0:
            say("ready")
        else:
            say("round", images=images, seconds=seconds)
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
