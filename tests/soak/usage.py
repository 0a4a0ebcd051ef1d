"""Whether memory and descriptors of a program stay what they are while the cluster changes and comes to rest again."""


def slope(points):
    """Of the line with the least squares through (x, y)."""
    if len(points) < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


class Usage:
    """Samples of one program, taken in calm phases: (changes of the cluster so far, value)."""

    def __init__(self, name, unit, allowed):
        self.name, self.unit, self.allowed = name, unit, allowed
        self.points = []

    def add(self, changes, value):
        self.points.append((changes, value))

    def growth(self):
        """From the first to the last sample, by the line through all of them, which one odd sample hardly moves."""
        return slope(self.points) * (self.points[-1][0] - self.points[0][0]) if self.points else 0.0

    def flat(self):
        return len(self.points) >= 2 and self.growth() <= self.allowed

    def __str__(self):
        values = [value for _, value in self.points]
        shown = " ".join(f"{v:.1f}" if isinstance(v, float) else str(v) for v in values[:: max(1, len(values) // 10)])
        return (f"{self.name}: {self.growth():+.1f} {self.unit} over {len(values)} calm phases, at most "
                f"{self.allowed:+} ({shown})")
