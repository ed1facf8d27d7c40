"""What every kernel that grades has beside Python's own libraries."""

__all__ = ["LIBRARIES"]

# The package's dependencies that an assignment is written with. The rules of each assignment
# name them (see `rules`), and a hand-in that stops for want of another is told of them.
LIBRARIES = ("torch", "torchvision", "numpy", "matplotlib", "PIL", "tqdm")
