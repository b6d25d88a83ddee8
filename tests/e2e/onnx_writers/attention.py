# Part of Maek, under the MIT licence; see LICENSE.
"""Attention, as the standard library has it where its masks say enough, else
from the scores."""
import math

from .node import expanded, number, permuted, reshaped

PRELUDE = """
fn seen_attention(Q : [N, d], K : [M, d], V : [M, v], seen : [N, M]) =
    masked_attention(Q, K, V, seen > 0)
fn scores(Q : [N, d], K : [M, d]) = Q · Kᵀ / √d
fn capped(s, cap) = cap * tanh(s / cap)
fn known(n : [], M) = arange(M) < n
fn frontier(n : [], N, M) = causal_mask(arange(N) + (n - N), arange(M))
fn near(i : [], j : [M], left, right) = causal_mask(i + right, j) * (1 - causal_mask(i - left - 1, j))
fn near_end(n : [], N, M, left, right) = near(arange(N) + (n - N), arange(M), left, right)
"""


class Attention:
    """The texts of one node: q, k and v are [B, heads, N or M, d]."""

    def __init__(self, node):
        self.node = node
        self.q, self.B, self.h, self.N, self.d = self.read(0, node.get("q_num_heads"))
        self.k, _, kv, self.M, _ = self.read(1, node.get("kv_num_heads"))
        self.v, _, _, _, self.width = self.read(2, node.get("kv_num_heads"))
        self.past = 0
        if node.has(4):
            self.past = node.shape(4)[2]
            self.M += self.past
            self.k = f"concat({node(4)}, {self.k}, axis = 2)"
            self.v = f"concat({node(5)}, {self.v}, axis = 2)"
        self.present = self.k, self.v
        if kv != self.h:
            self.k, self.v = (self.repeat(text, kv, size) for text, size in
                              ((self.k, self.d), (self.v, self.width)))

    def read(self, i, heads):
        text, shape = self.node(i), self.node.shape(i)
        if len(shape) == 3:
            text = f"split_heads({text}, {heads})"
            shape = [shape[0], heads, shape[1], shape[2] // heads]
        return text, *shape

    def repeat(self, text, kv, size):
        """Each head of keys and values for several of queries, one by the other."""
        shape = [self.B, kv, 1, self.M, size]
        target = [self.B, kv, self.h // kv, self.M, size]
        return reshaped(expanded(reshaped(text, shape), shape, target),
                        [self.B, self.h, self.M, size])

    def fit(self, text, shape):
        """A mask as it is where the language repeats it, else [B, heads, N, M]."""
        target = [self.B, self.h, self.N, self.M]
        if shape == target[4 - len(shape):]:
            return text, len(shape)
        return expanded(text, shape, target), 4

    def masks(self):
        """What says which keys are seen, and of how many axes it is."""
        node, N, M, found = self.node, self.N, self.M, []
        places = f"arange({N}) + {self.past}, arange({M})"
        lengths = node(6) if node.has(6) else None
        if node.has(3) and node.values[3].dtype == bool:
            found.append(self.fit(*self.given("0")))
        if lengths:
            shape = [self.B, 1, 1, M]
            found.append(self.fit(reshaped(f"known({lengths}, {M})", shape), shape))
        if node.get("is_causal"):
            found.append(self.at_place(f"frontier({lengths}, {N}, {M})", f"causal_mask({places})"))
        left, right = node.get("left_window_size", -1), node.get("right_window_size", -1)
        if max(left, right) >= 0:
            left, right = (n if n >= 0 else N + M for n in (left, right))
            found.append(self.at_place(f"near_end({lengths}, {N}, {M}, {left}, {right})",
                                       f"near({places}, {left}, {right})"))
        return found

    def at_place(self, by_lengths, common):
        """A mask by the queries' places: they end where the keys do, or stand behind
        those of the past."""
        if self.node.has(6):
            shape = [self.B, 1, self.N, self.M]
            return self.fit(reshaped(by_lengths, shape), shape)
        return self.fit(common, [self.N, self.M])

    def given(self, filling):
        """The mask of the node, which may be shorter than the keys."""
        shape = self.node.shape(3)
        text, missing = self.node(3), self.M - shape[-1]
        if missing:
            text = f"pad({text}, 0, {missing}, axis = {len(shape) - 1}, value = {filling})"
        return text, [*shape[:-1], self.M]

    def seen(self, q, masks):
        """By the standard library: of [B, heads, N, M] each query has its own mask."""
        texts = [f"{text} > 0" for text, _ in masks]
        if not texts:
            return f"attention({q}, {self.k}, {self.v})"
        if masks == [(f"causal_mask(arange({self.N}) + 0, arange({self.M}))", 2)]:
            return f"causal_attention({q}, {self.k}, {self.v})"
        if max(rank for _, rank in masks) <= 2:
            product = " * ".join(f"({text})" for text in texts)
            return f"masked_attention({q}, {self.k}, {self.v}, {product})"
        target = [self.B, self.h, self.N, self.M]
        texts = [expanded(text, target[4 - rank:], target) for text, rank in masks]
        return f"seen_attention({q}, {self.k}, {self.v}, {' * '.join(texts)})"

    def write(self):
        node, masks = self.node, self.masks()
        scale = node.get("scale")
        q = self.q if scale is None else f"({number(scale * math.sqrt(self.d))} * {self.q})"
        added = node.has(3) and node.values[3].dtype != bool
        cap = node.get("softcap", 0)
        results = {}
        if added or cap or "qk_matmul_output" in node.names:
            stages = [f"scores({q}, {self.k})"]
            stages.append(f"capped({stages[0]}, {number(cap)})" if cap else stages[0])
            text = f"{stages[1]} + {self.fit(*self.given('(-inf)'))[0]}" if added else stages[1]
            for mask, _ in masks:
                text = f"where({mask} > 0, {text}, -inf)"
            stages += [text, f"softmax({text})"]
            y = f"{stages[3]} · {self.v}"
            results["qk_matmul_output"] = stages[node.get("qk_matmul_output_mode", 0)]
        else:
            y = self.seen(q, masks)
        if node.rank() == 3:
            y = reshaped(permuted(f"({y})", [0, 2, 1, 3]), node.outputs[0].shape)
        results |= {"Y": y, "present_key": self.present[0], "present_value": self.present[1]}
        return [results[name] for name in node.names]


WRITERS = {"Attention": lambda node: Attention(node).write()}
