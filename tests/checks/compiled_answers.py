"""Answers that use torch.compile, in a program of their own; run by test_surroundings."""

import torch

from course_utils.checks.exercise import assignment
from course_utils.checks.notebook import examine

EXERCISE = assignment("metrics_and_loss")["pixel_accuracy"]
compilations = []


def compiler(graph, _inputs):
    compilations.append(graph)
    if inside:
        while True:  # longer than a call may take
            pass
    return graph.forward


def accuracy(predicted, truth):
    return (predicted == truth)[truth != 255].float().mean()


def pixel_accuracy(predicted, truth):
    return torch.compile(accuracy, backend=compiler)(predicted, truth)


inside = True
print("inside", examine(EXERCISE, pixel_accuracy).passed and not compilations)
decorated = torch.compile(accuracy, backend=compiler)
print("decorated", examine(EXERCISE, decorated).passed and not compilations)
inside = False
torch.compile(lambda x: x + 1, backend=compiler)(torch.ones(1))
print("compiles" if compilations else "stays uncompiled")
