# mean_accuracy


def found_by_loop(predicted, truth):
    hits, all_of = Counter(), Counter()
    for a, y in zip(predicted.flatten().tolist(), truth.flatten().tolist(), strict=True):
        if y != 255:
            all_of[y] += 1
            hits[y] += a == y
    return sum(hits[k] / all_of[k] for k in all_of) / len(all_of)


def found_by_bincount(predicted, truth):
    labelled = truth != 255
    y, a = truth[labelled].long(), predicted[labelled].long()
    hits, all_of = y[y == a].bincount(minlength=256), y.bincount(minlength=256)
    return (hits[all_of > 0] / all_of[all_of > 0]).mean().item()


def found_in_numpy(predicted, truth):
    a, y = predicted.numpy(), truth.numpy()
    return float(np.mean([(a[y == k] == k).mean() for k in np.unique(y) if k != 255]))
