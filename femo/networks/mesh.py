"""The network that lays 468 points on a face: MediaPipe Face Mesh without attention.

Kartynnik et al. 2019, Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs; structure as in the published
``face_landmark.tflite``: blocks of a depthwise 3 x 3 and a pointwise convolution, whose shortcut is pooled where the block
halves the picture and filled up with zero channels where it widens. Input (N, 3, 192, 192) RGB in 0-1. Outputs: (N, 1404), x, y
and z of 468 points in pixels of that input, and (N, 1), the logit that a face is there.
"""

from torch import Tensor, nn
from torch.nn.functional import max_pool2d, pad

from femo.meshes import N_POINTS

SIDE = 192
WIDTHS = (16, 16, 32, 32, 32, 64, 64, 64, 128, 128, 128, 128, 128, 128)
"""Channels after each block of the trunk; those of ``HALVING`` come with stride 2."""
HALVING = (2, 5, 8, 11)


class Block(nn.Module):
    """Depthwise, pointwise, shortcut, PReLU."""

    def __init__(self, n_in: int, n_out: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.wider = n_out - n_in
        self.depthwise = nn.Conv2d(n_in, n_in, 3, stride, padding=1 if stride == 1 else 0, groups=n_in)
        self.pointwise = nn.Conv2d(n_in, n_out, 1)
        self.act = nn.PReLU(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, n_in, H, W) to (N, n_out, H / stride, W / stride)."""
        # TensorFlow's "same" padding of a stride of 2 lies on the right and at the bottom only.
        framed = pad(x, (0, 1, 0, 1)) if self.stride == 2 else x
        out = self.pointwise(self.depthwise(framed))
        shortcut = max_pool2d(x, 2) if self.stride == 2 else x
        if self.wider:
            shortcut = pad(shortcut, (0, 0, 0, 0, 0, self.wider))
        acted: Tensor = self.act(shortcut + out)
        return acted


class Branch(nn.Module):
    """From the trunk's 6 x 6 map to ``n_out`` numbers."""

    def __init__(self, n_blocks: int, n_out: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Block(128, 128, 2), *(Block(128, 128) for _ in range(n_blocks)))
        self.narrow = nn.Conv2d(128, 32, 1)
        self.act = nn.PReLU(32)
        self.last = Block(32, 32)
        self.out = nn.Conv2d(32, n_out, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 128, 6, 6) to (N, n_out)."""
        out: Tensor = self.out(self.features(x))
        return out.flatten(1)

    def features(self, x: Tensor) -> Tensor:
        """Map (N, 128, 6, 6) to what the last layer reads, (N, 32, 3, 3)."""
        features: Tensor = self.last(self.act(self.narrow(self.blocks(x))))
        return features


class FaceMesh(nn.Module):
    """Points and the logit of a face.

    Attributes:
        num_features: Length of the first output.
    """

    num_features = 3 * N_POINTS

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, WIDTHS[0], 3, 2)
        self.act = nn.PReLU(WIDTHS[0])
        before = (WIDTHS[0], *WIDTHS)
        self.trunk = nn.Sequential(
            *(Block(before[i], width, 2 if i in HALVING else 1) for i, width in enumerate(WIDTHS))
        )
        self.points = Branch(2, self.num_features)
        self.face = Branch(0, 1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map images (N, 3, 192, 192) to points (N, 1404) and logits (N, 1)."""
        x = self.shared(images)
        return self.points(x), self.face(x)

    def shared(self, images: Tensor) -> Tensor:
        """Map images (N, 3, 192, 192) to what both branches read, (N, 128, 6, 6)."""
        x: Tensor = self.trunk(self.act(self.first(pad(images, (0, 1, 0, 1)))))
        return x
