"""MobileFaceNet as the author's ``mbf_va_mtl`` and InsightFace's ``w600k_mbf`` use it; timm does not have it.

Chen et al. 2018, MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification on Mobile Devices, in the wider
variant of cavaface: blocks (1, 4, 6, 2), first layers twice as wide. Two of its peculiarities are kept, because the
published weights have them: the second convolution has 64 groups over 128 channels, and the bottlenecks are not
widened with the rest. Input (N, 3, 112, 112), output (N, 512).

The two differ at the end: one takes a weighted mean of each channel's 7 x 7 map, the other narrows the map to ``flat``
channels and puts all of its values into the embedding.
"""

from collections.abc import Sequence

from torch import Tensor, nn

SIDE, MAP_SIDE = 112, 7
"""Of the picture and of the last map."""


def _conv(n_in: int, n_out: int, kernel: int = 1, stride: int = 1, groups: int = 1, *, act: bool) -> nn.Sequential:
    """Convolution, norm, and PReLU if ``act``; a 7 x 7 kernel covers its whole map."""
    padding = 1 if kernel == 3 else 0
    layers: list[nn.Module] = [
        nn.Conv2d(n_in, n_out, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(n_out),
    ]
    return nn.Sequential(*layers, nn.PReLU(n_out)) if act else nn.Sequential(*layers)


class Bottleneck(nn.Module):
    """Widen, filter per channel, project; with a shortcut where input and output have one shape."""

    def __init__(self, n_in: int, n_out: int, width: int, stride: int = 1, shortcut: bool = True) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.layers = nn.Sequential(
            _conv(n_in, width, act=True),
            _conv(width, width, 3, stride, width, act=True),
            _conv(width, n_out, act=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, n_in, H, W) to (N, n_out, H / stride, W / stride)."""
        out: Tensor = self.layers(x)
        return x + out if self.shortcut else out


class MobileFaceNet(nn.Module):
    """The embedding network.

    Args:
        num_features: Length of the embedding.
        blocks: Number of layers in each of the four parts.
        scale: Width of the first layers, in units of 64 channels.
        flat: Channels of the last map whose values all go into the embedding; 0 takes one mean of each of 512.
    """

    def __init__(
        self, num_features: int = 512, blocks: Sequence[int] = (1, 4, 6, 2), scale: int = 2, flat: int = 0
    ) -> None:
        super().__init__()
        self.num_features = num_features
        narrow, wide = 64 * scale, 128 * scale
        first = _conv(narrow, narrow, 3, groups=64, act=True)
        if blocks[0] != 1:
            first = nn.Sequential(*(Bottleneck(narrow, narrow, 128) for _ in range(blocks[0])))
        self.layers = nn.Sequential(
            _conv(3, narrow, 3, 2, act=True),
            first,
            Bottleneck(narrow, narrow, 128, 2, shortcut=False),
            *(Bottleneck(narrow, narrow, 128) for _ in range(blocks[1])),
            Bottleneck(narrow, wide, 256, 2, shortcut=False),
            *(Bottleneck(wide, wide, 256) for _ in range(blocks[2])),
            Bottleneck(wide, wide, 512, 2, shortcut=False),
            *(Bottleneck(wide, wide, 256) for _ in range(blocks[3])),
        )
        self.conv_sep = _conv(wide, 512, act=True)
        self.pool = _conv(512, flat, act=True) if flat else _conv(512, 512, 7, groups=512, act=False)
        self.project = nn.Linear(flat * MAP_SIDE**2 or 512, num_features, bias=False)
        self.norm = nn.BatchNorm1d(num_features)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, 3, 112, 112) to embeddings (N, num_features)."""
        pooled: Tensor = self.pool(self.conv_sep(self.layers(images))).flatten(1)
        out: Tensor = self.norm(self.project(pooled))
        return out
