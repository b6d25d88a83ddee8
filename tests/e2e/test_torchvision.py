# Part of Maek, under the MIT licence; see LICENSE.
"""torchvision's residual networks: convolutions, batch normalisation, in training
and after it. The batch's statistics are followed as PyTorch does."""
import unittest

import jax
import jax.numpy as jnp
import numpy

from checkpoints import CheckpointTest, cross_entropy, linear
from support import MaekTest

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WIDTH, STAGES, BLOCKS, CLASSES = 4, 2, 2, 5


def convolutions():
    """The names of each convolution and of the normalisation behind it; shapes."""
    yield "conv1", "bn1", (WIDTH, 3, 7, 7)
    for stage in range(STAGES):
        wide = WIDTH * 2 ** stage
        for i in range(BLOCKS):
            block, halves = f"layer{stage + 1}.{i}", stage > 0 and i == 0
            narrow = wide // 2 if halves else wide
            yield f"{block}.conv1", f"{block}.bn1", (wide, narrow, 3, 3)
            yield f"{block}.conv2", f"{block}.bn2", (wide, wide, 3, 3)
            if halves:
                yield f"{block}.downsample.0", f"{block}.downsample.1", (wide, narrow, 1, 1)


class ResNet(CheckpointTest, MaekTest):
    file, model, format = "resnet", "ResNet", "torchvision"
    sets = ("size=32", f"C={WIDTH}", f"n={BLOCKS}", f"stages={STAGES}",
            f"classes={CLASSES}")
    classes = CLASSES
    not_written = tuple(f"{norm}.num_batches_tracked" for _, norm, _ in convolutions())

    def make_weights(self, random):
        weights = {"fc.weight": random.normal(size=(CLASSES, WIDTH * 2 ** (STAGES - 1))) / 4,
                   "fc.bias": random.normal(size=CLASSES)}
        for conv, norm, shape in convolutions():
            weights[f"{conv}.weight"] = (random.normal(size=shape)
                                         * numpy.sqrt(2 / numpy.prod(shape[1:])))
            weights[f"{norm}.weight"] = 1 + 0.2 * random.normal(size=shape[0])
            weights[f"{norm}.bias"] = 0.2 * random.normal(size=shape[0])
            weights[f"{norm}.running_mean"] = 0.3 * random.normal(size=shape[0])
            weights[f"{norm}.running_var"] = random.uniform(0.5, 2, shape[0])
        weights = {name: value.astype("f4") for name, value in weights.items()}
        for name in self.not_written:
            weights[name] = numpy.array(100, "i8")
        return weights

    def make_inputs(self, random, count):
        return {"image": random.uniform(0, 1, (count, 3, 32, 32)).astype("f4")}

    def forward(self, weights, image, training):
        """The scores and the running statistics after them."""
        running = {}

        def convolve(conv, norm, x, stride=1):
            kernel = weights[f"{conv}.weight"]
            pad = kernel.shape[-1] // 2
            x = jax.lax.conv_general_dilated(x, kernel, (stride, stride), ((pad, pad),) * 2)
            mean, variance = weights[f"{norm}.running_mean"], weights[f"{norm}.running_var"]
            if training:
                n = x.size // x.shape[1]
                batch_mean, batch_variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
                running[f"{norm}.running_mean"] = 0.9 * mean + 0.1 * batch_mean
                running[f"{norm}.running_var"] = (0.9 * variance
                                                  + 0.1 * batch_variance * n / (n - 1))
                mean, variance = batch_mean, batch_variance

            def channels(value):
                return value[:, None, None]

            return (channels(weights[f"{norm}.weight"]) * (x - channels(mean))
                    / jnp.sqrt(channels(variance) + 1e-5) + channels(weights[f"{norm}.bias"]))

        x = (image - jnp.asarray(MEAN)[:, None, None]) / jnp.asarray(DEVIATION)[:, None, None]
        x = jax.nn.relu(convolve("conv1", "bn1", x, 2))
        x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 3, 3), (1, 1, 2, 2),
                                  ((0, 0), (0, 0), (1, 1), (1, 1)))
        for stage in range(STAGES):
            for i in range(BLOCKS):
                block, halves = f"layer{stage + 1}.{i}", stage > 0 and i == 0
                u = jax.nn.relu(convolve(f"{block}.conv1", f"{block}.bn1", x, 2 if halves else 1))
                u = convolve(f"{block}.conv2", f"{block}.bn2", u)
                if halves:
                    x = convolve(f"{block}.downsample.0", f"{block}.downsample.1", x, 2)
                x = jax.nn.relu(u + x)
        return linear(weights, "fc", x.mean((2, 3))), running

    def outputs(self, weights, inputs):
        return {"logits": self.forward(weights, inputs["image"], False)[0]}

    def loss(self, weights, inputs, label):
        logits, running = self.forward(weights, inputs["image"], True)
        return cross_entropy(logits, label), running


if __name__ == "__main__":
    unittest.main()
