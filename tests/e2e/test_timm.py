# Part of Maek, under the MIT licence; see LICENSE.
"""timm's Vision Transformers: vit_*_patch16_224 and deit_*_distilled_patch16_224."""
import os
import struct
import unittest
import zlib

import jax
import jax.numpy as jnp
import numpy
from safetensors.numpy import save_file

from checkpoints import CheckpointTest, attention, gelu, layer_norm, linear
from support import SOURCE, MaekTest, run

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def shapes(size, p, d, depth, classes, distilled):
    tokens = 2 if distilled else 1
    yield "cls_token", (1, 1, d)
    if distilled:
        yield "dist_token", (1, 1, d)
    yield "pos_embed", (1, (size // p) ** 2 + tokens, d)
    yield "patch_embed.proj.weight", (d, 3, p, p)
    yield "patch_embed.proj.bias", (d,)
    layers = [("norm", (d,)), ("head", (classes, d))]
    if distilled:
        layers.append(("head_dist", (classes, d)))
    for i in range(depth):
        layers += [(f"blocks.{i}.norm1", (d,)), (f"blocks.{i}.attn.qkv", (3 * d, d)),
                   (f"blocks.{i}.attn.proj", (d, d)), (f"blocks.{i}.norm2", (d,)),
                   (f"blocks.{i}.mlp.fc1", (4 * d, d)), (f"blocks.{i}.mlp.fc2", (d, 4 * d))]
    for name, shape in layers:
        yield f"{name}.weight", shape
        yield f"{name}.bias", shape[:1]


def make(random, *sizes):
    weights = {}
    for name, shape in shapes(*sizes):
        scale = 1 / numpy.sqrt(numpy.prod(shape[1:])) if name.endswith("weight") else 0.3
        weights[name] = (scale * random.normal(size=shape)).astype("f4")
        if "norm" in name and name.endswith("weight"):
            weights[name] = (1 + 0.2 * random.normal(size=shape)).astype("f4")
    return weights


def forward(weights, image, heads):
    """timm's VisionTransformer and VisionTransformerDistilled in evaluation."""
    kernel = weights["patch_embed.proj.weight"]
    x = jax.lax.conv_general_dilated(image, kernel, kernel.shape[2:], "VALID")
    x = x.reshape(*x.shape[:2], -1).swapaxes(1, 2) + weights["patch_embed.proj.bias"]
    tokens = [weights[name] for name in ("cls_token", "dist_token") if name in weights]
    x = jnp.concatenate([jnp.broadcast_to(token, (len(x), 1, token.shape[-1]))
                         for token in tokens] + [x], 1) + weights["pos_embed"]
    i = 0
    while f"blocks.{i}.norm1.weight" in weights:
        n = layer_norm(weights, f"blocks.{i}.norm1", x, 1e-6)
        q, k, v = jnp.split(linear(weights, f"blocks.{i}.attn.qkv", n), 3, -1)
        x = x + linear(weights, f"blocks.{i}.attn.proj", attention(q, k, v, heads))
        n = layer_norm(weights, f"blocks.{i}.norm2", x, 1e-6)
        x = x + linear(weights, f"blocks.{i}.mlp.fc2",
                       gelu(linear(weights, f"blocks.{i}.mlp.fc1", n)))
        i += 1
    x = layer_norm(weights, "norm", x, 1e-6)
    logits = linear(weights, "head", x[:, 0])
    if "dist_token" in weights:
        logits = (logits + linear(weights, "head_dist", x[:, 1])) / 2
    return logits


def normalized(image, distilled):
    mean, deviation = (MEAN, DEVIATION) if distilled else ((0.5,) * 3, (0.5,) * 3)
    return ((image - jnp.asarray(mean)[:, None, None])
            / jnp.asarray(deviation)[:, None, None])


class Small(CheckpointTest):
    format = "timm"
    sets = ("size=24", "p=8", "d=16", "heads=2", "depth=2", "classes=5")
    classes = 5
    distilled = False

    def make_weights(self, random):
        return make(random, 24, 8, 16, 2, 5, self.distilled)

    def make_inputs(self, random, count):
        return {"image": random.uniform(0, 1, (count, 3, 24, 24)).astype("f4")}

    def outputs(self, weights, inputs):
        return {"logits": forward(weights, normalized(inputs["image"], self.distilled), 2)}


class ViT(Small, MaekTest):
    file, model = "timm_vit", "ViT"


class DeiT(Small, MaekTest):
    file, model, distilled = "timm_deit", "DeiT", True


def write_png(path, pixels):
    """Bytes [height, width, 3]."""
    def chunk(kind, content):
        return (struct.pack(">I", len(content)) + kind + content
                + struct.pack(">I", zlib.crc32(kind + content)))

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    path.write_bytes(b"\x89PNG\r\n\x1a\n"
                     + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class FullSize(MaekTest):
    """Ti at 224 x 224, from a picture to probabilities: two blocks, or as many as
    the variable MAEK_TIMM_DEPTH says. All twelve: MAEK_TIMM_DEPTH=12 ./dev test -R timm"""
    DEPTH = int(os.environ.get("MAEK_TIMM_DEPTH", "2"))

    def check(self, file, distilled):
        random = numpy.random.default_rng(5)
        weights = make(random, 224, 16, 192, self.DEPTH, 1000, distilled)
        save_file(weights, self.folder / "timm.safetensors")
        y, x = numpy.mgrid[0:224, 0:224]
        pixels = numpy.stack([(x * 3 + y) % 256, (x ^ y) % 256, (y * y // 64) % 256], -1)
        write_png(self.folder / "picture.png", pixels.astype("u1"))
        self.maek("build", SOURCE / f"models/{file}.maek", "--set", f"depth={self.DEPTH}",
                  "-o", self.folder / file)
        names = self.folder / "names.txt"
        names.write_text("".join(f"class number {i}\n" for i in range(1000)))
        printed = run(self.folder / file, "predict", "--weights",
                      self.folder / "timm.safetensors", "--input", self.folder / "picture.png",
                      "--labels", names, "--top", "3").stdout
        image = jnp.asarray(pixels.transpose(2, 0, 1)[None] / 255)
        wide = {name: jnp.asarray(value, "f8") for name, value in weights.items()}
        p = jax.nn.softmax(forward(wide, normalized(image, distilled), 3)[0])
        best = numpy.argsort(-p)[:3]
        found = [line.split("  ") for line in printed.splitlines()]
        self.assertEqual([line[1:] for line in found],
                         [[str(i), f"class number {i}"] for i in best])
        for line, i in zip(found, best, strict=True):
            self.assertLess(abs(float(line[0]) - p[i]), 1e-4)

    def test_vit(self):
        self.check("timm_vit", False)

    def test_deit(self):
        self.check("timm_deit", True)


if __name__ == "__main__":
    unittest.main()
