def mean_accuracy(predicted, truth):
    counts = _counts(predicted, truth, 255)
    there = counts.sum(dim=1) > 0
    return float((counts.diagonal()[there] / counts.sum(dim=1)[there]).mean())
