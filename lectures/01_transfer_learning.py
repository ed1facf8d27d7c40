# %% [markdown] lang="ru"
# # Перенос знаний
#
# **После этой лекции вы сможете**
# - дообучить чужую сеть под свою задачу и выбрать, сколько последних слоёв трогать;
# - объяснить, почему обучение одной головы — это обучение линейной модели;
# - измерить, что дают признаки предобученной сети, и заметить случай, когда они не дают ничего.
#
# **Что нужно знать:** свёрточная сеть, функция потерь, градиентный спуск; логистическая регрессия.
#
# **Сколько это займёт:** около часа вместе с вопросами для самопроверки.

# %% [markdown] lang="en"
# # Transfer learning
#
# **After this lecture you will be able to**
# - fine-tune somebody else's network for a task of your own, and choose how many last layers to touch;
# - explain why training the head alone is training a linear model;
# - measure what the features of a pretrained network give, and notice the case in which they give nothing.
#
# **You need to know:** convolutional networks, the loss, gradient descent; logistic regression.
#
# **Time:** about an hour, the self-check questions included.

# %%
import copy
from itertools import combinations

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from course_utils import figures, session
from course_utils.data.classification_tasks import load_tasks
from course_utils.figures.feature_planes import PUBLISHED_PROBES
from course_utils.reference.filter_likeness import likeness, scrambled
from course_utils.reference.fine_tuning import (
    answers_by_layer,
    fit_part,
    last_layers,
    layer_stack,
    share_right,
)
from course_utils.reference.pretrained import load_pretrained
from course_utils.reference.principal_plane import principal_plane
from course_utils.reference.probe import linear_probe
from course_utils.reference.transfer import freeze

data, device = session.current().data, session.current().device
built_in = data == "shapes"
if built_in:
    torch.set_num_threads(1)  # so small a network is faster on one
brief = not built_in and device.type == "cpu"  # AlexNet without a GPU: fewer runs, shorter ones
seeds = range(2 if brief else 3)
network = load_pretrained(data)
tasks = load_tasks(*((100, 50) if built_in else (40, 15)), size=network.size, data=data)
tasks = {name: task.to(device) for name, task in tasks.items()}

# %% [markdown] lang="ru"
# На встроенных данных предобученная сеть — маленькая сеть курса: пять свёрточных слоёв и два полносвязных.
# Она училась различать **очертания**: круг, квадрат, треугольник, звезду, крест и кольцо. Новых задач две.
# **Близкая:** тоже очертания, но другие. **Далёкая:** очертания прежние, а спрашивают о текстуре. На VOC 2012
# те же ячейки берут AlexNet с весами ImageNet; близкая задача там — шесть классов VOC, далёкая — угадать, как
# испорчена фотография. Без GPU запусков там меньше и они короче. Числа в тексте относятся к встроенным данным.

# %% [markdown] lang="en"
# On the built-in data the pretrained network is the course's small one: five convolutional layers and two
# dense ones. It learnt to tell **outlines** apart: disc, square, triangle, star, cross and ring. There are two
# new tasks. **Near:** outlines again, but others. **Far:** the old outlines, but the question is about the
# texture. On VOC 2012 the same cells take AlexNet with ImageNet weights; the near task there is six classes of
# VOC, the far one is to guess how a photograph was spoilt. Without a GPU there are fewer runs there, and
# shorter ones. Numbers in the text are of the built-in data.

# %%
left, right = figures.panels(2, height=2.3)
for ax, which in ((left, "near"), (right, "far")):
    task = tasks[which]
    figures.task_sheet(ax, task.images.cpu(), task.labels.cpu(), task.classes, which, rows=2)
figures.show()

# %% [markdown] lang="ru"
# ## Что сохранить, что заменить, что обучать
#
# Собрать ImageNet и годами подбирать под него сеть — дорого. Проще взять готовую и поменять в ней то, что
# относится к чужой задаче. Последний слой менять придётся всегда: у новой задачи другие классы. А остальное?
#
# **Предскажите:** у вас 12 размеченных изображений, по два на класс. Какой из рецептов на схеме вы возьмёте?

# %% [markdown] lang="en"
# ## What to keep, what to replace, what to train
#
# Collecting ImageNet and spending years on a network for it is dear. It is easier to take a finished one and
# change in it what belongs to the other task. The last layer has to go in any case: the new task has other
# classes. And the rest?
#
# **Predict:** you have 12 annotated images, two a class. Which of the recipes in the diagram do you take?

# %%
(ax,) = figures.panels(1, height=3.6)
figures.recipe_diagram(ax)
figures.show()

# %% [markdown] lang="ru"
# Замороженный слой на одно и то же изображение всегда отвечает одно и то же. Поэтому его ответы достаточно
# посчитать один раз и учить верхние слои прямо на них: получится то же, что при обучении внутри целой сети,
# только быстрее.

# %% [markdown] lang="en"
# A frozen layer always answers the same to the same image. So its answers need computing only once, and the
# upper layers can be trained on them directly: the result is the same as from training inside the whole
# network, only sooner.

# %%
stack = layer_stack(network.model.to(device))  # the network, layer by layer
L, K = len(stack), len(tasks["near"].classes)
seen = {
    name: (answers_by_layer(stack, task.images), answers_by_layer(stack, task.test_images))
    for name, task in tasks.items()
}
MANY = len(tasks["near"].labels)
steps = {2 * K: 30, 10 * K: 50, MANY: 120}  # size of the training set -> steps of training
if brief:
    steps = {number: wanted // 4 for number, wanted in steps.items()}


# %%
def transfer(name, trained, number, seed, **options):
    """The share of right answers after training the last `trained` layers on `number` images."""
    task, (below, new) = tasks[name], (maps[L - trained] for maps in seen[name])
    chosen = task.draw(number, seed)
    above = last_layers(network.model, trained, K, seed=seed).to(device)
    usual = {"lr": 1e-2, "steps": 150} if trained == 1 else {"lr": 3e-3, "steps": steps[number]}
    fit_part(above, below[chosen], task.labels[chosen], seed=seed, **usual | options)
    return share_right(above, new, task.test_labels)


# %% [markdown] lang="ru"
# ## Голова — это линейная модель
#
# Обучаем только последний слой. Всё, что под ним, превращает изображение в вектор признаков $x_i$ и не
# меняется; голова считает логиты $b_{ik} = w_k \cdot x_i + c_k$ и учится по перекрёстной энтропии. Но ведь это
# логистическая регрессия на признаках $x_i$.
#
# **Предскажите:** обучим голову градиентным спуском, а логистическую регрессию с тем же штрафом на веса решим
# точно. Насколько разойдутся ответы на новых изображениях?

# %% [markdown] lang="en"
# ## The head is a linear model
#
# We train the last layer alone. All that lies below turns an image into a vector of features $x_i$ and does
# not change; the head computes logits $b_{ik} = w_k \cdot x_i + c_k$ and learns by the cross-entropy. But
# that is logistic regression on the features $x_i$.
#
# **Predict:** train the head by gradient descent, and solve the logistic regression with the same penalty on
# the weights exactly. How far apart will the answers on new images be?

# %%
task, penalty = tasks["near"], 0.1
chosen = task.draw(10 * K, seed=0)
x, new = seen["near"][0][L - 1][chosen], seen["near"][1][L - 1]
y = task.labels[chosen]

# %%
torch.manual_seed(0)
head = nn.Linear(x.shape[1], K, device=device)
descent = torch.optim.Adam(head.parameters(), lr=0.03)
slower = torch.optim.lr_scheduler.LinearLR(descent, 1, 0, total_iters=1000)  # from 0.03 to 0
for _step in range(1000):
    descent.zero_grad()
    (F.cross_entropy(head(x), y) + penalty / 2 * head.weight.square().sum()).backward()
    descent.step()
    slower.step()

# %%
probe = linear_probe(x, y, K, l2=penalty)  # the optimum itself, by L-BFGS and Newton's steps
with torch.no_grad():
    a, b = head(new).softmax(dim=1), probe(new).softmax(dim=1)
same = (a.argmax(dim=1) == b.argmax(dim=1)).double().mean().item()
assert same > 0.99 or not built_in
assert (a - b).abs().max() < 0.01 or not built_in
truth = task.test_labels[:, None]
(ax,) = figures.panels(1, height=3.2)
figures.agreement_scatter(ax, a.gather(1, truth)[:, 0].cpu(), b.gather(1, truth)[:, 0].cpu(), same)
figures.show()

# %% [markdown] lang="ru"
# Ответы одни и те же: вероятности расходятся меньше чем на 0,01, да и то потому, что спуск остановили, не
# доведя до конца. Шаг при этом уменьшали до нуля: с постоянным шагом Adam кружил бы около оптимума, и где его
# застанет остановка, решали бы ошибки округления, на каждом процессоре свои. Отсюда два следствия. Во-первых,
# у задачи обучения головы один оптимум, и найти его можно быстро. Во-вторых, всё решают признаки: если классы
# в них не разделяет ни одна линейная модель, голова не поможет.

# %% [markdown] lang="en"
# The answers are the same: probabilities differ by less than 0.01, and that only because descent was stopped
# before its end. Its step was brought down to zero: at a constant step Adam would circle around the optimum,
# and where the stop catches it would be decided by rounding, which every processor does in its own way. Two
# things follow. First, training the head has one optimum, and it can be found quickly. Second, everything
# hangs on the features: where no linear model separates the classes in them, the head will not help.

# %% [markdown] lang="ru"
# ## Как выглядят признаки
#
# Спроецируем новые изображения близкой задачи на две главные компоненты: слева — пикселей, справа — признаков
# последнего слоя перед головой. Этих классов сеть никогда не видела.
#
# **Предскажите:** разойдутся ли классы по разным углам?

# %% [markdown] lang="en"
# ## What the features look like
#
# Project the new images of the near task on two principal components: of the pixels on the left, of the
# features of the last layer before the head on the right. The network has never seen these classes.
#
# **Predict:** will the classes go to different corners?

# %%
def rows(maps, side=2):
    """Feature vectors: maps are averaged over a side x side grid, the rest is left as it is."""
    pooled = F.adaptive_avg_pool2d(maps, min(side, maps.shape[-1])) if maps.ndim == 4 else maps
    return pooled.flatten(1)


def features(name, layers):
    """For every layer, the pixels first: features of the training and of the test images."""
    both = [answers_by_layer(layers, x) for x in (tasks[name].images, tasks[name].test_images)]
    sides = [16] + [2] * len(layers)
    return [[rows(x, side) for x in pair] for pair, side in zip(zip(*both), sides)]


def random_layers(seed):
    torch.manual_seed(seed)
    return layer_stack(network.fresh().to(device))


# %%
found = {(name, "pretrained"): [features(name, stack)] * len(seeds) for name in tasks}
found |= {(name, "random"): [features(name, random_layers(s)) for s in seeds] for name in tasks}
planes = {}
for (name, weights), runs in found.items():
    for layer in range(L):
        points, share = principal_plane(runs[0][layer][1][:120])
        planes[name, weights, layer] = points.cpu(), share

# %%
near, shown = tasks["near"], tasks["near"].test_labels[:120].cpu()
left, right = figures.panels(2, height=3.2)
pixels, last = planes["near", "pretrained", 0], planes["near", "pretrained", L - 1]
figures.feature_plane(left, pixels[0], shown, near.classes, pixels[1], 0, finding=True, legend=False)
figures.feature_plane(right, last[0], shown, near.classes, last[1], L - 1, finding=True)
figures.show()

# %% [markdown] lang="ru"
# По пикселям классы перемешаны, по признакам собрались в облака. Пройдите по слоям сами: выберите задачу,
# слой и веса. На далёкой задаче последний слой тоже даёт облака, но в каждом намешаны все классы: сеть
# раскладывает фигуры по очертаниям, а спрашивают о текстуре. К этому мы ещё вернёмся.

# %% [markdown] lang="en"
# By pixels the classes are mixed; by features they have gathered into clouds. Go through the layers yourself:
# choose the task, the layer and the weights. On the far task the last layer gives clouds, too, but in each all
# classes are mixed: the network sorts the figures by outline, and the question is about the texture. We shall
# come back to that.

# %%
labels = {name: task.test_labels[:120].cpu() for name, task in tasks.items()}
figures.features_figure(planes, labels, {name: task.classes for name, task in tasks.items()})

# %% [markdown] lang="ru"
# ## Мало данных и много данных
#
# Теперь обучим голову, три последних слоя и все слои, кроме двух первых, на наборах разного размера. И для
# сравнения — такую же сеть со случайных весов, без всякого переноса.
#
# **Предскажите:** что лучше всего на 12 изображениях? А на нескольких сотнях?

# %% [markdown] lang="en"
# ## Little data and plenty of data
#
# Now train the head, the three last layers, and all layers but the first two, on sets of different sizes. And,
# for comparison, the same network from random weights, with no transfer at all.
#
# **Predict:** what is best on 12 images? And on several hundred?

# %%
depths = 1, 3, L - 3, L - 2
scores = {
    name: {
        k: {n: [transfer(name, k, n, seed) for seed in seeds] for n in steps} for k in depths
    }
    for name in tasks
}


# %%
def from_scratch(name, number, seed):
    """The share of right answers without transfer, and the filters of the first layer."""
    torch.manual_seed(seed)
    whole, task = last_layers(network.fresh(), L, K, seed=seed).to(device), tasks[name]
    if built_in:  # small at first and strongly decayed, filters lose their random start
        nn.init.normal_(whole[0][0].weight, std=0.005)
    chosen, options = task.draw(number, seed), {"weight_decay": 0.5 if built_in else 0.01}
    images, labels = task.images[chosen], task.labels[chosen]
    fit_part(whole, images, labels, lr=2e-3, seed=seed, steps=15 if brief else 60, **options)
    return share_right(whole, task.test_images, task.test_labels), whole[0]


# %%
scratch = {
    (name, seed): from_scratch(name, MANY, seed + 10 * (name == "far"))  # no common start
    for name in tasks
    for seed in seeds
}


# %%
def mean(values):
    return float(np.mean(values))


recipes = {"head": scores["near"][1], "last": scores["near"][3], "most": scores["near"][L - 2]}
few = {recipe: mean(runs[2 * K]) for recipe, runs in recipes.items()}
many = {recipe: mean(runs[MANY]) for recipe, runs in recipes.items()}
without = {MANY: [scratch["near", seed][0] for seed in seeds]}
hasty = mean([transfer("near", 3, MANY, seed, steps=steps[MANY] // 4) for seed in seeds])
if built_in:
    assert hasty < many["head"] < many["last"]
    assert few["head"] > few["last"] + 0.02 and few["last"] > few["most"] + 0.1
    assert many["last"] > many["head"] + 0.005 and many["most"] > few["most"] + 0.25
    assert mean(without[MANY]) < 0.5 < 0.8 < many["head"]

# %%
(ax,) = figures.panels(1, height=3.2)
figures.size_curves(ax, recipes | {"scratch": without}, K)
figures.show()

# %% [markdown] lang="ru"
# Точки — отдельные запуски (другие изображения, другие начальные веса головы), отрезки — одно стандартное
# отклонение. На 12 изображениях голова лучше всего, и чем больше слоёв обучать, тем хуже: весов много, а
# примеров нет. На нескольких сотнях три последних слоя голову уже обходят; выигрыш невелик, потому что
# близкой задаче признаки и так подходят, и достаётся он не даром: за четверть шагов те же слои голову ещё не
# догоняют. Сеть, которую начали со случайных весов, за отведённые ей 60 шагов
# не доходит и до половины верных ответов, а голова на всех изображениях даёт больше 0,8.

# %% [markdown] lang="en"
# Dots are single runs (other images, other initial weights of the head), whiskers are one standard deviation.
# On 12 images the head is best, and the more layers one trains, the worse: there are many weights and no
# examples. On several hundred the last three layers already pass the head; the gain is small, for the features
# suit the near task as they are, and it takes training: in a quarter of the steps the same layers do not yet
# catch up with the head. A network from random weights does not get half the answers right
# in the 60 steps it is given, while the head on all images gets more than 0.8.

# %% [markdown] lang="ru"
# ## Чем дальше задача, тем больше слоёв переучивать
#
# **Предскажите:** как изменится зависимость доли верных ответов от числа обучаемых слоёв, если спрашивать не
# об очертаниях, а о текстуре?

# %% [markdown] lang="en"
# ## The further the task, the more layers to retrain
#
# **Predict:** how does the graph of accuracy against the number of layers trained change when the question is
# not about the outline but about the texture?

# %%
near, far = ({k: scores[name][k][MANY] for k in depths} for name in ("near", "far"))
if built_in:
    assert mean(near[1]) > mean(near[L - 2]) - 0.02  # near: nothing to gain
    assert mean(far[1]) < 1 / K + 0.05  # far: the head alone guesses
    assert mean(far[L - 2]) > mean(far[3]) + 0.1 > mean(far[1])
(ax,) = figures.panels(1, height=3.0)
figures.depth_curves(ax, near, far, K)
figures.show()

# %% [markdown] lang="ru"
# На близкой задаче помогают разве что слои у самой головы, дальше становится только хуже. На далёкой голова
# просто гадает (около 1/6), а доля верных ответов растёт, только когда переучивается большая часть сети.
# Утверждение подтвердилось, и даже с запасом: сеть научилась не замечать текстуру, чтобы узнавать очертание
# при любой раскраске.
#
# Соберите свой случай: задача, размер набора, число слоёв.

# %% [markdown] lang="en"
# On the near task only layers next to the head help a little, and beyond them it gets worse. On the far one the
# head merely guesses (about 1/6), and accuracy grows only once most of the network is retrained. The claim
# holds, and with room to spare: the network has learnt not to notice texture, so as to know an outline in any
# colouring.
#
# Put together a case of your own: the task, the size of the set, the number of layers.

# %%
figures.transfer_figure(scores, L, K)

# %% [markdown] lang="ru"
# ## Чем ближе слой к началу, тем меньше шаг
#
# Если обучать много слоёв на малом наборе, большие шаги портят то, что сеть уже умеет. Отсюда приём: давать
# слою тем меньший шаг обучения, чем ближе он ко входу: $\eta_k = \eta \cdot 2{,}6^{-(m - k)}$ для слоя $k$ из
# $m$. Честно сравнивать способы можно только при лучшем $\eta$ для каждого.
#
# **Предскажите:** какой способ выиграет на 60 изображениях и у какого лучшее $\eta$ больше?

# %% [markdown] lang="en"
# ## The nearer the layer to the beginning, the smaller the step
#
# When many layers are trained on a small set, large steps spoil what the network can do already. Hence the
# device of giving a layer a learning rate that is the smaller, the nearer the layer is to the input:
# $\eta_k = \eta \cdot 2.6^{-(m - k)}$ for layer $k$ of $m$. The ways can only be compared fairly at the best
# $\eta$ of each.
#
# **Predict:** which way wins on 60 images, and whose best $\eta$ is larger?

# %%
rates = [3e-4, 1e-3, 3e-3, 1e-2]
equal, falling = (
    {lr: [transfer("near", L - 3, 10 * K, s, lr=lr, decay=decay) for s in seeds] for lr in rates}
    for decay in (1.0, 1 / 2.6)
)
if built_in:
    best = [max(rates, key=lambda lr: mean(runs[lr])) for runs in (equal, falling)]
    assert mean(falling[best[1]]) > mean(equal[best[0]]) + 0.01 and best[1] > best[0]
    assert mean(falling[rates[0]]) < mean(equal[rates[0]])
(ax,) = figures.panels(1, height=3.0)
figures.rate_curves(ax, equal, falling, K)
figures.show()

# %% [markdown] lang="ru"
# Обучались все слои, кроме трёх первых. Убывающие шаги при своём лучшем $\eta$ точнее, чем один общий шаг при
# своём, а само лучшее $\eta$ у них больше: голове можно дать большой шаг, не испортив начало. Зато при самом
# малом $\eta$ общий шаг лучше: убывающие там почти не двигают первые из обучаемых слоёв.

# %% [markdown] lang="en"
# All layers but the first three were trained. Falling steps at their best $\eta$ are more accurate than one
# common step at its own, and that best $\eta$ is larger: the head can have a large step without spoiling the
# beginning. At the smallest $\eta$, though, the common step is better: there falling steps hardly move the first
# of the layers that are trained.

# %% [markdown] lang="ru"
# ## Признаки последних слоёв против случайных
#
# Лекция утверждает, что выходы последних слоёв в любом случае лучше случайных признаков. «Случайные» — это
# признаки такой же сети, которую не обучали. На признаках каждого слоя обучим по линейной модели; для
# сравнения возьмём и сами пиксели.
#
# **Предскажите:** верно ли это для обеих задач?

# %% [markdown] lang="en"
# ## Features of the last layers against random ones
#
# The lecture claims that the outputs of the last layers are in any case better than random features. "Random"
# are the features of the same network before any training. Train a linear model on the features of each layer;
# take the pixels themselves, too, for comparison.
#
# **Predict:** is it true of both tasks?

# %%
def probe_accuracy(name, features, seed):
    """A linear model on the features of one layer, from 20 images a class."""
    task = tasks[name]
    chosen = task.draw(min(20 * K, MANY), seed)
    x, new = features[0][chosen], features[1]
    centre, scale = x.mean(dim=0), x.std(dim=0) + 1e-3
    probe = linear_probe((x - centre) / scale, task.labels[chosen], K, l2=0.01, tolerance=1e-4)
    return (probe((new - centre) / scale).argmax(dim=1) == task.test_labels).double().mean().item()


# %%
probes = {
    (name, weights): {k: [probe_accuracy(name, runs[s][k], s) for s in seeds] for k in range(L)}
    for (name, weights), runs in found.items()
}

# %%
def last(name, weights):
    return mean(probes[name, weights][L - 1])


if built_in:
    assert last("near", "pretrained") > 0.8 > 0.4 > last("near", "random")
    assert last("far", "pretrained") < last("far", "random")  # the claim fails here
    best = max(probes["far", "pretrained"], key=lambda k: mean(probes["far", "pretrained"][k]))
    assert best in (1, 2, 3) and mean(probes["far", "pretrained"][best]) > last("far", "random")

# %%
axes = figures.panels(3, height=3.0)
for ax, name in zip(axes, ("near", "far")):
    figures.probe_curves(ax, probes[name, "pretrained"], probes[name, "random"], K, name)
figures.published_probe_curve(axes[2])
figures.show()

# %% [markdown] lang="ru"
# На близкой задаче утверждение верно с огромным запасом: больше 0,8 против меньше чем 0,4. На далёкой оно на
# наших данных **не подтвердилось**: признаки последнего слоя хуже случайных. Сеть старательно забыла
# текстуру, а случайные веса не забывают ничего. Лучшие признаки для далёкой задачи лежат в первых слоях (с
# первого по третий), и они лучше случайных. Так что «в любом случае» стоит понимать с оговоркой: ImageNet
# разнообразен, и сеть, обученная на нём, по-видимому, забывает меньше, чем наша, обученная на шести
# очертаниях.
#
# Справа — опубликованные числа (Zeiler, Fergus, 2014): сеть обучена на ImageNet, классы взяты из Caltech-101.
# Доля верных ответов линейной модели растёт почти до последнего слоя, с 44,8 до 86,2 %; обученная с нуля сеть
# той же статьи получила на этих данных 46,5 %.

# %% [markdown] lang="en"
# On the near task the claim holds with a huge margin: more than 0.8 against less than 0.4. On the far one it
# **did not hold** on our data: the features of the last layer are worse than random ones. The network has
# taken pains to forget texture, and random weights forget nothing. The best features for the far task lie in
# the first layers (the first to the third), and those do beat random ones. So "in any case" needs a proviso:
# ImageNet is varied, and a network trained on it presumably forgets less than ours, trained on six outlines.
#
# On the right are published numbers (Zeiler & Fergus, 2014): the network was trained on ImageNet, the classes
# are those of Caltech-101. The accuracy of a linear model grows nearly to the last layer, from 44.8 to 86.2%;
# a network trained from scratch in the same paper got 46.5% on these data.

# %%
assert PUBLISHED_PROBES[1] == 44.8 and PUBLISHED_PROBES[5] == 86.2 == max(PUBLISHED_PROBES.values())

# %% [markdown] lang="ru"
# ## Похожи ли первые фильтры
#
# «На первых слоях фильтры похожие для всех задач». Возьмём сети, обученные выше с нуля на близкой и на
# далёкой задаче, и предобученную. Похожесть: для каждого фильтра найдём самый близкий фильтр другой сети по
# модулю корреляции и усредним. Но лучший из многих похож всегда, поэтому нужна точка отсчёта: необученные
# фильтры и **перемешанные**, у которых сохранены гладкость и цвета, а узор случаен.
#
# **Предскажите:** где похожесть больше: у двух сетей одной задачи, у сетей разных задач или у сети с
# перемешанными фильтрами?

# %% [markdown] lang="en"
# ## Are the first filters alike
#
# "On the first layers filters are alike for all tasks." Take the networks trained from scratch above, on the
# near and on the far task, and the pretrained one. Likeness: for each filter find the nearest filter of the
# other network by absolute correlation, and average. But the best of many is always alike, so a baseline is
# needed: untrained filters, and **scrambled** ones, which keep smoothness and colours and have a random
# pattern.
#
# **Predict:** which likeness is larger: of two networks of one task, of networks of two tasks, or of a network
# with scrambled filters?

# %%
def filters_of(layers):
    first = next(layer for layer in layers.modules() if isinstance(layer, nn.Conv2d))
    return first.weight.detach().cpu()


trained = {name: [filters_of(scratch[name, seed][1]) for seed in seeds] for name in tasks}
pretrained = filters_of(stack)
untrained = [filters_of(layer_stack(network.fresh())) for _ in seeds]

# %%
near, far = trained["near"], trained["far"]
pairs = list(combinations(seeds, 2))
alike = {
    "untrained": [likeness(a, b) for a, b in zip([*near, *far], [*untrained, *untrained])],
    "scrambled": [likeness(a, scrambled(b, 0)) for a, b in zip([*near, *far], [*far, *near])],
    "other task": [likeness(a, b) for a, b in zip([*near, *far], [*far, *near])],
    "same task": [likeness(each[i], each[j]) for each in (near, far) for i, j in pairs],
}

# %%
axes = figures.panels(4, height=1.7)
for ax, which, filters in zip(
    axes, ("untrained", "near", "far", "pretrained"), (untrained[0], near[0], far[0], pretrained)
):
    figures.first_layer_sheet(ax, filters, which)
(ax,) = figures.panels(1, height=2.2)
figures.likeness_dots(ax, alike)
figures.show()

# %%
if built_in:
    assert mean(alike["same task"]) - mean(alike["other task"]) < 0.1
    zero = mean(alike["untrained"])
    assert mean(alike["scrambled"]) - zero > (mean(alike["same task"]) - zero) / 2  # most of it
    assert mean(alike["other task"]) > mean(alike["untrained"])

# %% [markdown] lang="ru"
# Сети разных задач похожи почти так же, как сети одной задачи: разница меньше 0,1. Значит, задача и правда
# мало влияет на первый слой. Но большую часть этой похожести дают и перемешанные фильтры: похоже в основном
# то, что фильтры гладкие и цветные, а не их узор. Обучали мы недолго, всего 60 шагов; у предобученной сети
# видны пятна и края. Красивый рисунок фильтров сам по себе ещё не доказательство.

# %% [markdown] lang="en"
# Networks of two tasks are nearly as alike as networks of one: the difference is less than 0.1. So the task
# does matter little for the first layer. But scrambled filters give most of that likeness, too: what is alike
# is mainly that filters are smooth and coloured, not their pattern. We did not train for long, 60 steps; in
# the pretrained network spots and edges are seen. A pretty sheet of filters is no proof by itself.

# %% [markdown] lang="ru"
# ## Заморозить — не значит отключить градиент
#
# Пакетная нормализация помнит средние и дисперсии и обновляет их при каждом проходе в режиме обучения, без
# всякого градиента. Пропустим через «замороженную» сеть тёмные изображения новой задачи и проверим, как она
# теперь справляется со старой. Функция `freeze` оставляет такие слои в режиме применения.
#
# **Предскажите:** ни один вес не изменится. Изменятся ли ответы?

# %% [markdown] lang="en"
# ## Freezing is not switching the gradient off
#
# Batch normalisation remembers means and variances and updates them at every pass in training mode, without
# any gradient. Pass dark images of the new task through a "frozen" network, and see how it now does on the old
# one. The function `freeze` leaves such layers in evaluation mode.
#
# **Predict:** not a weight will change. Will the answers?

# %%
def old_answers(model):
    """Classes that the network gives to images of its own, old kind."""
    with torch.no_grad():
        return model.eval()(tasks["far"].images[:120]).argmax(dim=1)


def after_new_ones(way, chosen):
    """The share of answers that are as before, once new dark images have gone through."""
    model = copy.deepcopy(network.model)
    model.requires_grad_(False) if way == "no gradient" else freeze(model)
    with torch.no_grad():
        for _pass in range(20):
            model.train()(0.2 * tasks["near"].images[chosen])
    return (old_answers(model) == old_answers(network.model)).double().mean().item()


# %%
kept = {"before": [1.0 for _ in seeds], "no gradient": [], "frozen": []}
for seed in seeds:
    chosen = tasks["near"].draw(5 * K, seed)
    for way in ("no gradient", "frozen"):
        kept[way].append(after_new_ones(way, chosen))

# %%
if built_in:
    assert kept["frozen"] == kept["before"]
    assert max(kept["no gradient"]) < 0.9
(ax,) = figures.panels(1, height=2.6)
figures.kept_statistics_bars(ax, kept)
figures.show()

# %% [markdown] lang="ru"
# На старых изображениях (фигуры прежних очертаний) сеть без градиента стала отвечать иначе больше чем в одном
# случае из десяти, хотя её веса не тронули: сбились статистики нормализации. Сеть после `freeze` отвечает в
# точности как раньше. У AlexNet пакетной нормализации нет, и там оба способа равны.

# %% [markdown] lang="en"
# On old images (figures of the former outlines) the network without a gradient now answers differently in more
# than one case in ten, though its weights were not touched: the statistics of the normalisation went astray.
# After `freeze` it answers exactly as before. AlexNet has no batch normalisation, and there both ways are
# equal.

# %% [markdown] lang="ru"
# ## Проверьте себя
#
# <details><summary>1. У вас 30 изображений и задача, похожая на ImageNet. Что обучать?</summary>
#
# Одну голову. Это линейная модель на 30 примерах; на остальные веса примеров не хватит.
#
# </details>
#
# <details><summary>2. Голова даёт ровно $1/K$ верных ответов. Добавить ли ей ещё данных?</summary>
#
# Вряд ли поможет: в признаках, видимо, нет того, о чём спрашивают. Возьмите признаки более ранних слоёв или
# обучайте больше слоёв.
#
# </details>
#
# <details><summary>3. Почему нельзя сравнивать один общий шаг и убывающие шаги при одном и том же
# $\eta$?</summary>
#
# При равном $\eta$ убывающие шаги в среднем меньше, и можно принять за их заслугу просто удачную величину
# шага. Сравнивают при лучшем $\eta$ для каждого способа.
#
# </details>
#
# <details><summary>4. Сеть заморожена через <code>requires_grad=False</code>, но её ответы меняются от эпохи к
# эпохе. В чём дело?</summary>
#
# Слои пакетной нормализации в режиме обучения обновляют средние и дисперсии. Их нужно держать в режиме
# применения.
#
# </details>

# %% [markdown] lang="en"
# ## Check yourself
#
# <details><summary>1. You have 30 images and a task that resembles ImageNet. What do you train?</summary>
#
# The head alone. That is a linear model on 30 examples; for the other weights there are not enough examples.
#
# </details>
#
# <details><summary>2. The head gets exactly $1/K$ of the answers right. Should it get more data?</summary>
#
# That will hardly help: what is asked for does not seem to be in the features. Take the features of earlier
# layers, or train more layers.
#
# </details>
#
# <details><summary>3. Why may one common step and falling steps not be compared at the same
# $\eta$?</summary>
#
# At equal $\eta$ falling steps are smaller on average, and one may take for their merit what is only a lucky
# size of the step. Compare at the best $\eta$ of each way.
#
# </details>
#
# <details><summary>4. A network is frozen by <code>requires_grad=False</code>, but its answers change from
# epoch to epoch. What is the matter?</summary>
#
# Layers of batch normalisation in training mode update their means and variances. They have to be kept in
# evaluation mode.
#
# </details>

# %% [markdown] lang="ru"
# ## Итоги
#
# - Голову меняют всегда. Обучать её одну — значит обучать линейную модель на готовых признаках; на малых
#   наборах это лучший выбор.
# - Чем больше данных и чем дальше задача, тем больше последних слоёв стоит обучать. Начальным слоям — меньший
#   шаг.
# - Признаки последних слоёв хороши для задач, похожих на исходную. На нашей далёкой задаче они оказались хуже
#   случайных: утверждение лекции требует оговорки.
# - Первые фильтры мало зависят от задачи, но большая часть их сходства — гладкость.
# - Замораживая, не забудьте о пакетной нормализации.
#
# **Дальше:** лекция 02 о том, что находят свёрточные сети; задание `transfer_learning`.
#
# **Источники**
# - J. Yosinski, J. Clune, Y. Bengio, H. Lipson. How Transferable Are Features in Deep Neural Networks? NIPS
#   2014, [arXiv:1411.1792](https://arxiv.org/abs/1411.1792).
# - M. D. Zeiler, R. Fergus. Visualizing and Understanding Convolutional Networks. ECCV 2014,
#   [arXiv:1311.2901](https://arxiv.org/abs/1311.2901).
# - J. Donahue и др. DeCAF: A Deep Convolutional Activation Feature for Generic Visual Recognition. ICML 2014,
#   [arXiv:1310.1531](https://arxiv.org/abs/1310.1531).
# - J. Howard, S. Ruder. Universal Language Model Fine-tuning for Text Classification. ACL 2018,
#   [arXiv:1801.06146](https://arxiv.org/abs/1801.06146) (убывающие шаги).
# - S. Kornblith, J. Shlens, Q. V. Le. Do Better ImageNet Models Transfer Better? CVPR 2019,
#   [arXiv:1805.08974](https://arxiv.org/abs/1805.08974).
# - M. Raghu, C. Zhang, J. Kleinberg, S. Bengio. Transfusion: Understanding Transfer Learning for Medical
#   Imaging. NeurIPS 2019, [arXiv:1902.07208](https://arxiv.org/abs/1902.07208) (когда перенос почти ничего не
#   даёт).

# %% [markdown] lang="en"
# ## Summary
#
# - The head is always replaced. Training it alone is training a linear model on finished features; on small
#   sets that is the best choice.
# - The more data there are and the further the task, the more last layers are worth training. Earlier layers
#   get smaller steps.
# - Features of the last layers are good for tasks that resemble the original one. On our far task they turned
#   out worse than random: the lecture's claim needs a proviso.
# - The first filters depend little on the task, but most of their likeness is smoothness.
# - When you freeze, remember batch normalisation.
#
# **Next:** lecture 02 on what convolutional networks find; the assignment `transfer_learning`.
#
# **Papers**
# - J. Yosinski, J. Clune, Y. Bengio, H. Lipson. How Transferable Are Features in Deep Neural Networks? NIPS
#   2014, [arXiv:1411.1792](https://arxiv.org/abs/1411.1792).
# - M. D. Zeiler, R. Fergus. Visualizing and Understanding Convolutional Networks. ECCV 2014,
#   [arXiv:1311.2901](https://arxiv.org/abs/1311.2901).
# - J. Donahue et al. DeCAF: A Deep Convolutional Activation Feature for Generic Visual Recognition. ICML 2014,
#   [arXiv:1310.1531](https://arxiv.org/abs/1310.1531).
# - J. Howard, S. Ruder. Universal Language Model Fine-tuning for Text Classification. ACL 2018,
#   [arXiv:1801.06146](https://arxiv.org/abs/1801.06146) (falling steps).
# - S. Kornblith, J. Shlens, Q. V. Le. Do Better ImageNet Models Transfer Better? CVPR 2019,
#   [arXiv:1805.08974](https://arxiv.org/abs/1805.08974).
# - M. Raghu, C. Zhang, J. Kleinberg, S. Bengio. Transfusion: Understanding Transfer Learning for Medical
#   Imaging. NeurIPS 2019, [arXiv:1902.07208](https://arxiv.org/abs/1902.07208) (when transfer gives next to
#   nothing).
