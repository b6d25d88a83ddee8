# Part of Maek, under the MIT licence; see LICENSE.
"""The workloads in PyTorch: each a module and inputs. A module that trains
gives its loss. Inputs of recurrent networks are [T, B, I], PyTorch's order."""
import math

import numpy
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from workloads import CHARS, VIT

IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # mean, deviation


class Product(nn.Module):
    def forward(self, a, b):
        return a @ b


class Skinny(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, bias=False)

    def forward(self, x):
        return self.linear(x)


class Recurrent(nn.Module):
    def __init__(self, cell, width, layers=1, both=False):
        super().__init__()
        self.rnn = getattr(nn, cell)(width, width, layers, bidirectional=both)

    def forward(self, x):
        return self.rnn(x)[0]


class RecurrentTraining(Recurrent):
    def __init__(self, cell, width):
        super().__init__(cell, width)
        self.head = nn.Linear(width, 10)

    def forward(self, x, label):
        return F.cross_entropy(self.head(self.rnn(x)[0][-1]), label)


class Attention(nn.Module):
    """`fused`: PyTorch's own kernel; else its equations, which is what can be
    exported."""
    def __init__(self, causal, fused):
        super().__init__()
        self.causal, self.fused = causal, fused

    def forward(self, q, k, v):
        if self.fused:
            with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
                return F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        if self.causal:
            hidden = torch.full(scores.shape[-2:], -1e30, dtype=q.dtype).triu(1)
            scores = scores + hidden
        return scores.softmax(-1) @ v


class Block(nn.Module):
    """The norms behind the parts, or before them; named as timm names them."""
    def __init__(self, width, heads, hidden, causal=False):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x):
        x = self.norm1(x + self.proj(attend(self.qkv(x), self.heads, self.causal)))
        return self.norm2(x + self.fc2(F.relu(self.fc1(x))))


def attend(qkv, heads, causal=False):
    batch, steps, width = qkv.shape
    q, k, v = qkv.reshape(batch, steps, 3, heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
    y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return y.transpose(1, 2).reshape(batch, steps, width // 3)


class EncoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block(CHARS["d"], CHARS["heads"], CHARS["hidden"])

    def forward(self, x):
        return self.block(x)


class CharLM(nn.Module):
    def __init__(self, c=CHARS):
        super().__init__()
        self.embed, self.head = nn.Embedding(c["n"], c["d"]), nn.Linear(c["d"], c["n"])
        self.blocks = nn.ModuleList(Block(c["d"], c["heads"], c["hidden"], True)
                                    for _ in range(c["depth"]))
        angle = (torch.arange(c["T"], dtype=torch.float64)[:, None]
                 / 10000 ** (torch.arange(0, c["d"], 2, dtype=torch.float64) / c["d"]))
        encoding = torch.stack([angle.sin(), angle.cos()], -1).reshape(c["T"], c["d"])
        self.register_buffer("encoding", encoding.float(), persistent=False)

    def forward(self, text, following=None):
        y = self.embed(text) + self.encoding
        for block in self.blocks:
            y = block(y)
        y = self.head(y)
        if following is None:
            return y
        return F.cross_entropy(y.reshape(-1, y.shape[-1]), following.reshape(-1))


class NextChar(CharLM):
    """One character; `seen` are keys and values of those before it, [depth, 2, B,
    heads, N, d / heads]. Gives what the next one may be, and `seen` with this one."""

    def forward(self, text, seen):
        y = self.embed(text) + self.encoding[seen.shape[4]]
        kept = []
        for block, (k, v) in zip(self.blocks, seen.unbind(0)):
            q, *own = block.qkv(y).reshape(*y.shape[:2], 3, block.heads, -1).permute(
                2, 0, 3, 1, 4).unbind(0)
            k, v = torch.cat([k, own[0]], 2), torch.cat([v, own[1]], 2)
            kept.append(torch.stack([k, v]))
            z = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(y.shape)
            y = block.norm1(y + block.proj(z))
            y = block.norm2(y + block.fc2(F.relu(block.fc1(y))))
        return self.head(y), torch.stack(kept)


def nothing_seen(s):
    return numpy.zeros((s["depth"], 2, s["B"], s["heads"], 0, s["d"] // s["heads"]), "f4")


class ViTBlock(nn.Module):
    def __init__(self):
        super().__init__()
        d = VIT["d"]
        self.norm1, self.norm2 = nn.LayerNorm(d, 1e-6), nn.LayerNorm(d, 1e-6)
        self.attn, self.mlp = nn.Module(), nn.Module()
        self.attn.qkv, self.attn.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(d, VIT["hidden"]), nn.Linear(VIT["hidden"], d)

    def forward(self, x):
        x = x + self.attn.proj(attend(self.attn.qkv(self.norm1(x)), VIT["heads"]))
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm2(x))))


def keep_pixels(module, mean, deviation):
    for name, value in (("mean", mean), ("deviation", deviation)):
        module.register_buffer(name, torch.tensor(value).view(3, 1, 1), persistent=False)


class ViT(nn.Module):
    """With one token, timm's vit_tiny_patch16_224; with two its
    deit_tiny_distilled_patch16_224. Pixels from 0 to 1."""
    def __init__(self, tokens):
        super().__init__()
        d = VIT["d"]
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, d, 16, 16)
        self.cls_token = nn.Parameter(torch.randn(1, 1, d))
        self.pos_embed = nn.Parameter(torch.randn(1, 196 + tokens, d) * 0.02)
        self.blocks = nn.ModuleList(ViTBlock() for _ in range(VIT["depth"]))
        self.norm, self.head = nn.LayerNorm(d, 1e-6), nn.Linear(d, VIT["classes"])
        mean, deviation = [0.5] * 3, [0.5] * 3
        self.distilled = tokens == 2
        if self.distilled:
            self.dist_token = nn.Parameter(torch.randn(1, 1, d))
            self.head_dist = nn.Linear(d, VIT["classes"])
            mean, deviation = IMAGENET
        keep_pixels(self, mean, deviation)

    def scores(self, image):
        """Of the class token, then of the distillation token."""
        x = self.patch_embed.proj((image - self.mean) / self.deviation)
        x = x.flatten(2).transpose(1, 2)
        tokens = [self.cls_token] + ([self.dist_token] if self.distilled else [])
        x = torch.cat([t.expand(x.shape[0], -1, -1) for t in tokens] + [x], 1)
        x = x + self.pos_embed
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        y = [self.head(x[:, 0])]
        return [*y, self.head_dist(x[:, 1])] if self.distilled else y

    def forward(self, image):
        return sum(self.scores(image)) / (2 if self.distilled else 1)


class Residual(nn.Module):
    """Of torchvision's names, as the next one."""
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.downsample = nn.Sequential()
        if stride > 1:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.downsample(x))


class ResNet(nn.Module):
    """torchvision's resnet18. Pixels from 0 to 1."""
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        for s in range(1, 5):
            inputs, width, stride = 32 << max(s - 1, 1), 32 << s, 1 if s == 1 else 2
            setattr(self, f"layer{s}", nn.Sequential(
                Residual(inputs, width, stride), Residual(width, width, 1)))
        self.fc = nn.Linear(512, VIT["classes"])
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        keep_pixels(self, *IMAGENET)

    def forward(self, image):
        x = F.relu(self.bn1(self.conv1((image - self.mean) / self.deviation)))
        x = F.max_pool2d(x, 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class Distillation(nn.Module):
    """Half of the loss is the label's, half the teacher's choice."""
    def __init__(self):
        super().__init__()
        self.student, self.teacher = ViT(2), ResNet().requires_grad_(False)
        self.train()

    def train(self, mode=True):
        super().train(mode)
        self.teacher.eval()
        return self

    def forward(self, image, label):
        with torch.no_grad():
            choice = self.teacher(image).argmax(-1)
        scores, taught = self.student.scores(image)
        return (F.cross_entropy(scores, label) + F.cross_entropy(taught, choice)) / 2


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.dense, self.head = nn.Linear(9216, 128), nn.Linear(128, 10)

    def forward(self, image, label=None):
        x = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(image)))), 2)
        y = self.head(F.relu(self.dense(x.flatten(1))))
        return y if label is None else F.cross_entropy(y, label)


class Inputs:
    """Draws inputs, the same ones each time."""

    def __init__(self):
        self.random = numpy.random.default_rng(1)

    def normal(self, *shape):
        return self.random.standard_normal(shape, dtype=numpy.float32)

    def uniform(self, *shape):
        return self.random.random(shape, dtype=numpy.float32)

    def classes(self, count, *shape):
        return self.random.integers(0, count, shape)


def recurrent(draw, s):
    network = Recurrent(s["cell"], s["H"], s.get("layers", 1), s.get("both", False))
    return network, [draw.normal(s["T"], s["B"], s["H"])]


def attention(draw, s, fused):
    return Attention(s["causal"], fused), [draw.normal(1, 8, s["N"], 64) for _ in range(3)]


def attention_backward(draw, s, fused):
    network, parts = attention(draw, s, fused)
    return network, [*parts, draw.normal(1, 8, s["N"], 64)]


def chars(draw, s):
    return draw.classes(CHARS["n"], s["B"], s["T"])


# kind: f(draw, sizes, fused) is the module and its inputs as arrays.
NETWORKS = {
    "product": lambda draw, s, _: (
        Product(), [draw.normal(s["M"], s["K"]), draw.normal(s["K"], s["N"])]),
    "skinny": lambda draw, s, _: (Skinny(s["K"], s["N"]), [draw.normal(s["B"], s["K"])]),
    "recurrent": lambda draw, s, _: recurrent(draw, s),
    "recurrent_training": lambda draw, s, _: (
        RecurrentTraining(s["cell"], s["H"]),
        [draw.normal(s["T"], s["B"], s["H"]), draw.classes(10, s["B"])]),
    "attention": attention,
    "attention_backward": attention_backward,
    "encoder_layer": lambda draw, s, _: (
        EncoderLayer(), [draw.normal(s["B"], s["T"], CHARS["d"])]),
    "char_lm": lambda draw, s, _: (CharLM(), [chars(draw, s)]),
    "char_lm_training": lambda draw, s, _: (CharLM(), [chars(draw, s), chars(draw, s)]),
    "generation": lambda draw, s, _: (NextChar(s), [chars(draw, s)]),
    "vit": lambda draw, s, _: (ViT(s["tokens"]), [draw.uniform(s["B"], 3, 224, 224)]),
    "distillation_training": lambda draw, s, _: (
        Distillation(),
        [draw.uniform(s["B"], 3, 224, 224), draw.classes(VIT["classes"], s["B"])]),
    "cnn": lambda draw, s, _: (CNN(), [draw.uniform(s["B"], 1, 28, 28)]),
    "cnn_training": lambda draw, s, _: (
        CNN(), [draw.uniform(s["B"], 1, 28, 28), draw.classes(10, s["B"])]),
}


def make(workload, fused=True):
    """The module, with first weights that depend on nothing but the workload,
    and its inputs as arrays."""
    torch.manual_seed(0)
    return NETWORKS[workload.kind](Inputs(), workload.sizes, fused)
