# Part of Maek, under the MIT licence; see LICENSE.
"""Convolution and pooling."""
import numpy

from .node import Skip, cut, listed, number, permuted, reshaped

PRELUDE = ""


class Windows:
    """Sizes, strides, dilations and padding of a convolution or pooling along
    each spatial axis."""

    def __init__(self, node, size):
        self.axes = range(2, node.rank())
        count = len(self.axes)
        self.size = list(size)
        self.strides = node.get("strides", [1] * count)
        self.dilations = node.get("dilations", [1] * count)
        pads = node.get("pads", [0] * 2 * count)
        self.before, self.behind = list(pads[:count]), list(pads[count:])
        kind = node.get("auto_pad", b"NOTSET")
        self.reach = [(k - 1) * d + 1 for k, d in zip(self.size, self.dilations, strict=True)]
        for i, n in enumerate(node.shape()[2:]):
            if kind in (b"SAME_UPPER", b"SAME_LOWER"):
                windows = -(-n // self.strides[i])
                total = max(0, (windows - 1) * self.strides[i] + self.reach[i] - n)
                self.before[i] = total // 2 if kind == b"SAME_UPPER" else -(-total // 2)
                self.behind[i] = total - self.before[i]

    def grow(self, node):
        """Ceiling mode: more padding behind, for the windows that the output
        has."""
        extra = []
        for i, n in enumerate(node.shape()[2:]):
            windows = node.outputs[0].shape[2 + i]
            needed = (windows - 1) * self.strides[i] + self.reach[i]
            extra.append(max(0, needed - n - self.before[i] - self.behind[i]))
        return extra

    def write(self, text, value, behind):
        """[N, C, H, W] -> [N, C, H', h, W', w]"""
        for i in reversed(range(len(self.size))):
            axis = self.axes[i]
            text = (f"window(pad({text}, {self.before[i]}, {behind[i]}, axis = {axis}, "
                    f"value = {value}), {self.size[i]}, axis = {axis}, "
                    f"stride = {self.strides[i]}, dilation = {self.dilations[i]})")
        return text

    def folded(self):
        """The axes of the windows' places."""
        return listed(3 + 2 * i for i in range(len(self.size)))

    def common(self, node):
        """The stride, padding and dilation of images where they are the same along
        all axes and sides, as the standard library has them."""
        settings = [set(self.strides), {*self.before, *(a + b for a, b in zip(
            self.behind, self.grow(node), strict=True))}, set(self.dilations)]
        if len(self.size) == 2 and all(len(one) == 1 for one in settings):
            return [one.pop() for one in settings]
        return None


def on_images(text, pattern):
    """[N, C, H, W] as the standard library's [H, W, C], and back."""
    return permuted(pattern.format(x=permuted(text, [0, 2, 3, 1])), [0, 3, 1, 2])


def convolution(node):
    windows = Windows(node, node.shape(1)[2:])
    assert node.get("group", 1) == 1 and len(node.values) == 2
    if found := windows.common(node):
        kernel = permuted(node(1), [2, 3, 1, 0])
        return on_images(node(0), f"conv2d({{x}}, {kernel}, {', '.join(map(str, found))})")
    text = windows.write(node(0), "0", windows.behind)
    return f'einsum("nchiwj, ocij -> nohw", {text}, {node(1)})'


def spread(text, shape, axis, stride):
    """Zeros between the elements of an axis."""
    n = shape[axis]
    apart = reshaped(text, [*shape[:axis + 1], 1, *shape[axis + 1:]])
    padded = f"pad({apart}, 0, {stride - 1}, axis = {axis + 1})"
    shape[axis] = n * stride
    text = cut(reshaped(padded, shape), len(shape), axis, f"0:{(n - 1) * stride + 1}")
    shape[axis] = (n - 1) * stride + 1
    return text


def transposed_convolution(node):
    """Each output is a sum over what lies around it: a convolution with the kernel
    turned round, of elements that lie a stride apart."""
    assert not node.has(2)
    text, shape, kernel = node(0), node.shape(), node(1)
    count, groups = node.rank() - 2, node.get("group", 1)
    strides, dilations = (node.get(name, [1] * count) for name in ("strides", "dilations"))
    for i, (size, out) in enumerate(zip(node.shape(1)[2:], node.outputs[0].shape[2:], strict=True)):
        axis = 2 + 2 * i  # behind the windows of the axes before
        reach = (size - 1) * dilations[i] + 1
        begins = node.get("pads", [0] * count)[i]
        if node.get("auto_pad", b"NOTSET") == b"SAME_UPPER":
            begins = (shape[axis] * strides[i] - strides[i] + reach - out) // 2
        if strides[i] > 1:
            text = spread(text, shape, axis, strides[i])
        before = reach - 1 - begins
        padded = f"pad({text}, {before}, {out + begins - shape[axis]}, axis = {axis})"
        text = f"window({padded}, {size}, axis = {axis}, dilation = {dilations[i]})"
        shape[axis:axis + 1] = [out, size]
        kernel = f"reverse({kernel}, axis = {2 + i})"
    text = reshaped(text, [shape[0], groups, shape[1] // groups, *shape[2:]])
    kernel = reshaped(kernel, [groups, shape[1] // groups, *node.shape(1)[1:]])
    places, within = "uvw"[:count], "ijk"[:count]
    windows = "".join(a + b for a, b in zip(places, within, strict=True))
    text = f'einsum("ngc{windows}, gco{within} -> ngo{places}", {text}, {kernel})'
    return reshaped(text, node.outputs[0].shape)


def max_pool(node):
    if len(node.outputs) > 1:
        raise Skip("positions")
    windows = Windows(node, node.get("kernel_shape"))
    stride, padding, dilation = windows.common(node) or (0, 0, 0)
    if dilation == 1 and len(set(windows.size)) == 1:
        return on_images(node(0), f"max_pool({{x}}, {windows.size[0]}, {stride}, {padding})")
    behind = [a + b for a, b in zip(windows.behind, windows.grow(node), strict=True)]
    return f"max({windows.write(node(0), '(-inf)', behind)}, axis = {windows.folded()})"


def average_pool(node):
    windows = Windows(node, node.get("kernel_shape"))
    extra = windows.grow(node)
    stride, padding, dilation = windows.common(node) or (0, 0, 0)
    if (dilation == 1 and len(set(windows.size)) == 1 and not any(extra)
            and (padding == 0 or node.get("count_include_pad"))):
        return on_images(node(0), f"avg_pool({{x}}, {windows.size[0]}, {stride}, {padding})")
    behind = [a + b for a, b in zip(windows.behind, extra, strict=True)]
    text = f"sum({windows.write(node(0), '0', behind)}, axis = {windows.folded()})"
    counted = f"(0 * {node(0)} + 1)"
    if node.get("count_include_pad"):
        for i in range(len(windows.size)):
            counted = (f"pad({counted}, {windows.before[i]}, {windows.behind[i]}, "
                       f"axis = {windows.axes[i]}, value = 1)")
        windows.before = [0] * len(windows.size)
        behind = extra
    return f"{text} / sum({windows.write(counted, '0', behind)}, axis = {windows.folded()})"


def norm_pool(node):
    windows = Windows(node, node.get("kernel_shape"))
    p = number(node.get("p", 2))
    text = windows.write(f"abs({node(0)})^{p}", "0", windows.behind)
    return f"sum({text}, axis = {windows.folded()})^(1 / {p})"


def global_pool(name):
    def write(node):
        axes = list(range(2, node.rank()))
        return reshaped(f"{name}({node(0)}, axis = {listed(axes)})", node.outputs[0].shape)
    return write


WRITERS = {
    "AveragePool": average_pool, "Conv": convolution, "ConvTranspose": transposed_convolution,
    "GlobalAveragePool": global_pool("mean"), "GlobalMaxPool": global_pool("max"),
    "LpPool": norm_pool, "MaxPool": max_pool,
}
