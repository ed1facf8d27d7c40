# %% [markdown] lang="ru"
# # Задачи компьютерного зрения
#
# **После этой лекции вы сможете**
# - различить классификацию, локализацию, детекцию, семантическую сегментацию и сегментацию экземпляров
#   и сказать, каким тензором записывается ответ каждой;
# - свести любую из этих задач к классификации окон, посчитать, во сколько классификаций это обойдётся, и
#   показать на опыте, где сведение ломается;
# - измерить качество рамок: IoU, точность и полноту, среднюю точность (AP), подавление немаксимумов.
#
# **Что нужно знать:** лекцию 01 (предобученная сеть, линейная модель на признаках), тензоры PyTorch.
#
# **Сколько это займёт:** около 60 минут вместе с вопросами для самопроверки.
#
# Перед каждым опытом стоит вопрос. Сначала ответьте на него сами, хотя бы приблизительно.

# %% [markdown] lang="en"
# # Tasks of computer vision
#
# **After this lecture you will be able to**
# - tell classification, localisation, detection, semantic segmentation and instance segmentation apart
#   and say what tensor holds the answer of each;
# - reduce any of these tasks to the classification of windows, count the classifications it takes, and
#   show by experiment where the reduction breaks;
# - measure the quality of boxes: IoU, precision and recall, average precision (AP), non-maximum
#   suppression.
#
# **You need to know:** lecture 01 (a pretrained network, a linear probe), PyTorch tensors.
#
# **Time:** about 60 minutes, the self-check questions included.
#
# A question stands before every experiment. Answer it yourself first, if only roughly.

# %%
import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.ops import box_iou

from course_utils import figures, session
from course_utils.data import VOID
from course_utils.data.boxes import Objects, scene_boxes, single_objects
from course_utils.data.scenes import load_scenes
from course_utils.reference.border_band import border_band
from course_utils.reference.detection import (
    Detections,
    average_precision,
    detections,
    matched,
    over_scenes,
    precision_and_recall,
    suppressed,
)
from course_utils.reference.instances import connected_parts, found_objects, masks_in_boxes
from course_utils.reference.metrics import confusion_counts, mean_jaccard
from course_utils.reference.named_layers import activation
from course_utils.reference.pretrained import load_pretrained
from course_utils.reference.probe import linear_probe
from course_utils.reference.receptive_field import receptive_field
from course_utils.reference.short_training import one_thread
from course_utils.reference.windows import (
    centre_windows,
    crop_windows,
    square_windows,
    window_features,
    window_grid,
    window_labels,
)

# %%
here = session.current()
shapes, slow = here.data == "shapes", here.data != "shapes" and here.device.type == "cpu"
TRAIN, VAL = (18, 12) if slow else (90, 100)  # images; each costs hundreds of classifications
train, val = (load_scenes(*part, data=here.data) for part in (("train", TRAIN), ("val", VAL)))
train_objects, val_objects = scene_boxes(train, "train"), scene_boxes(val, "val")
network = load_pretrained(here.data)
network.model.to(here.device)
LAYER, K = network.layers[-1], len(train.names)  # the last features; classes and background

# %% [markdown] lang="ru"
# ## Пять вопросов к одному изображению
#
# Про одно и то же изображение можно спросить разное.
#
# - **Классификация:** какой это класс?
# - **Локализация:** какой это класс и где он? Ответ — класс и одна рамка.
# - **Детекция:** где здесь все объекты? Ответ — класс и рамка для каждого.
# - **Семантическая сегментация:** какого класса каждый пиксель?
# - **Сегментация экземпляров:** какие пиксели принадлежат каждому объекту?
#
# **Предскажите:** у каких задач размер ответа известен до того, как мы посмотрели на изображение?

# %% [markdown] lang="en"
# ## Five questions to one image
#
# One and the same image can be asked different things.
#
# - **Classification:** what class is it?
# - **Localisation:** what class is it, and where? The answer is a class and one box.
# - **Detection:** where are all the objects? The answer is a class and a box for each.
# - **Semantic segmentation:** of what class is each pixel?
# - **Instance segmentation:** which pixels belong to each object?
#
# **Predict:** for which tasks is the size of the answer known before we look at the image?

# %%
filled = [figures.filled(labels) for labels in val.labels.numpy()]  # the seam goes to a neighbour
parts = [connected_parts(labels) for labels in filled]
extra = [len(o.classes) - p.max() for o, p in zip(val_objects, parts)]  # objects grown together

# %%
example = max(range(min(50, VAL)), key=lambda i: (extra[i] > 0, len(val_objects[i].classes)))
scene = (val.images[example], val.labels[example], val.objects[example], val_objects[example])
if shapes:
    assert extra[example] > 0  # two objects of one class touch here

tasks = ["classification", "localisation", "detection", "semantic", "instances"]
first, *others = figures.panels(3, rows=2, height=1.85)
figures.show_image(first, scene[0])
for ax, task in zip(others, tasks):
    figures.show_task(ax, task, *scene, train.names)
figures.show()

# %%
n = len(val_objects[example].classes)
side = val.images.shape[-1]
figures.answers_table(side, K - 1, n)

# %% [markdown] lang="ru"
# Размер ответа известен заранее у трёх задач: классификации, локализации и семантической сегментации. В
# детекции и сегментации экземпляров он зависит от числа объектов, а его никто не сообщает. Сеть, у
# которой число выходов постоянно, такого ответа прямо дать не может.
#
# Там, где ответ один, взят самый крупный объект. Белая кайма на картах — пиксели у границ, которые не
# размечены: их помечают числом 255, и ни в каких подсчётах они не участвуют (подробнее в лекции 04).
# Сравните две последние карты: два соприкасающихся объекта одного класса на карте классов слились, на
# карте экземпляров у каждого свой номер.
#
# Лекция обещает свести все эти задачи к классификации. Сделаем это с сетью, которая умеет только одно:
# называть класс единственного объекта на маленьком изображении. И проследим, где такое сведение даёт сбой.

# %% [markdown] lang="en"
# The size of the answer is known beforehand for three tasks: classification, localisation and semantic
# segmentation. In detection and instance segmentation it depends on the number of objects, which nobody
# tells us. A network with a fixed number of outputs cannot give such an answer directly.
#
# Where there is one answer, it is the largest object. The white seam in the maps are pixels at borders that
# were not labelled: they are marked 255 and count nowhere (lecture 04 has more on them). Compare the last two
# maps: two touching objects of one class have merged in the label map and have a number each in the map of
# instances.
#
# The lecture promises to reduce all these tasks to classification. We do so with a network that can do
# one thing: name the class of the only object in a small image. And we watch where the reduction breaks.

# %% [markdown] lang="ru"
# ## Классификация: один ответ на весь кадр
#
# Сеть училась на изображениях с одним объектом, который занимает большую часть кадра. Дадим ей сцены, где
# объектов от одного до пяти.
#
# **Предскажите:** как часто названный класс окажется классом хоть какого-нибудь объекта сцены? На каких
# сценах чаще: где объект один или где их пять?

# %% [markdown] lang="en"
# ## Classification: one answer for the whole frame
#
# The network was trained on images with one object that fills most of the frame. Give it scenes with one
# to five objects.
#
# **Predict:** how often will the class it names be the class of any object of the scene? For which scenes
# more often: those with one object or those with five?

# %%
lessons, taught = single_objects("train", 30 if slow else 240, data=here.data)  # one object in each
exam, truth = single_objects("val", 40, data=here.data)


def around(images, objects):
    """Each object's window, a third wider than its box, at the size the network likes."""
    windows = square_windows(objects.boxes, 1.3)
    crops = [crop_windows(x, w[None], network.size) for x, w in zip(images, windows)]
    return torch.cat(crops)


# %%
@torch.no_grad()
def whole(images):
    """Features of whole images: the last map, averaged. (N, 3, H, W) -> (N, C)."""
    return activation(network.model.eval(), LAYER, images.to(here.device)).mean(dim=(2, 3)).cpu()


if network.trained_on == "ShapesVOC":
    head = copy.deepcopy(network.model.classifier).cpu()  # its own last layers
else:  # ImageNet's classes are not VOC's: learn a head on windows with one object
    head = linear_probe(whole(around(lessons, taught)), taught.classes - 1, K - 1, l2=0.1)

# %%
number = [len(objects.classes) for objects in val_objects]
with torch.no_grad():
    answer = head(whole(val.images)).argmax(dim=1) + 1  # class 0 is the background
present = [set(objects.classes.tolist()) for objects in val_objects]
hit = np.array([int(a) in classes for a, classes in zip(answer, present)])
chance = np.array([len(classes) / (K - 1) for classes in present])
if shapes:
    assert hit.mean() > chance.mean() + 0.25

# %%
with torch.no_grad():
    guesses = {"whole": head(whole(exam)), "window": head(whole(around(exam, truth)))}
right = {way: (a.argmax(dim=1) + 1 == truth.classes).numpy() for way, a in guesses.items()}
if shapes:
    assert right["window"].mean() > 0.9 and right["whole"].mean() < 0.75

left, middle = figures.panels(2, height=2.7)
figures.whole_scene_bars(left, number, hit, chance)
figures.view_bars(middle, right["whole"], right["window"])
figures.show()

# %% [markdown] lang="ru"
# Отрезки — стандартная ошибка доли по числу сцен. Слева: сеть не гадает (ромбы — доля, которую дало бы
# гадание), но чем больше объектов, тем легче назвать хоть один из них. Вопрос «какой класс?» здесь поставлен
# некорректно: верных ответов бывает несколько, а сеть обязана дать один.
#
# Справа сцены только с одним объектом, и ответ однозначен. На всей сцене сеть ошибается часто, а в
# окне вокруг объекта верна больше чем в 90 % случаев. Значит, нужно найти окно.

# %% [markdown] lang="en"
# Whiskers are the standard error of a share over so many scenes. On the left: the network does not guess
# (diamonds are what guessing would give), but the more objects there are, the easier it is to name one of
# them. The question "what class?" is ill-posed here: several answers may be right, and the network has to
# give one.
#
# On the right are scenes with one object only, where the answer is unique. On the whole scene the network is
# often wrong; in a window around the object it is right in more than 90% of cases. So what we need is
# to find the window.

# %% [markdown] lang="ru"
# ## Скользящее окно
#
# Проще всего перебрать все окна: квадраты нескольких размеров с некоторым шагом. Окно
# стороны $s$ с шагом $t$ помещается в изображение $H \times W$ столько раз:
#
# $$\left(\left\lfloor \frac{H - s}{t} \right\rfloor + 1\right)
# \left(\left\lfloor \frac{W - s}{t} \right\rfloor + 1\right)$$
#
# Каждое окно приводим к одному размеру и подаём сети. От неё возьмём признаки, а последний слой
# обучим сами, линейной моделью, как в лекции 01. Истинный ответ для окна определяет его
# мера Жаккара (IoU) с рамками объектов: не меньше 0,5 — класс объекта; меньше 0,3 — фон; между ними
# окно не учитывается, подобно пикселям с меткой 255.
#
# **Предскажите:** какая доля окон нашей сетки содержит объект?

# %% [markdown] lang="en"
# ## The sliding window
#
# The simplest way is to try all windows: squares of several sizes at some stride. A window of side $s$ with
# stride $t$ fits into an image $H \times W$ this many times:
#
# $$\left(\left\lfloor \frac{H - s}{t} \right\rfloor + 1\right)
# \left(\left\lfloor \frac{W - s}{t} \right\rfloor + 1\right)$$
#
# Every window is scaled to one size and given to the network. We take its features and train the
# last layer ourselves, a linear probe as in lecture 01. The true answer of a window follows
# from its Jaccard index (IoU) with the boxes of the objects: at least 0.5 is the object's class; below
# 0.3 is background; in between a window is not counted, like pixels labelled 255.
#
# **Predict:** what share of the windows of our grid holds an object?

# %%
GRID = {32: 8, 46: 12, 64: 16} if shapes else {48: 16, 80: 16, 112: 16}  # size -> stride
SIDE = 32 if shapes else 96  # pixels that a window is scaled to
windows = torch.cat([window_grid(side, side, size, stride) for size, stride in GRID.items()])
assert len(windows) == sum(((side - s) // t + 1) ** 2 for s, t in GRID.items())
if shapes:
    assert len(windows) == 13**2 + 7**2 + 5**2 == 243

y = torch.stack([window_labels(windows, *objects) for objects in train_objects])
holds = ((y > 0) & (y != VOID)).double().mean().item()
if shapes:
    assert 0.03 < holds < 0.12

# %%
some = val_objects[:50]  # of these we shall ask every window
x = window_features(network.model, train.images, windows, LAYER, SIDE)  # (N, windows, C)
x_val = window_features(network.model, val.images[:50], windows, LAYER, SIDE)
mean, spread = x.mean(dim=(0, 1)), x.std(dim=(0, 1)) + 1e-6


def fit(features, labels, num_classes):
    """A linear probe; windows labelled VOID take no part."""
    counted, x = labels != VOID, (features - mean) / spread
    with one_thread():
        return linear_probe(x[counted], labels[counted], num_classes, l2=0.01, tolerance=1e-4)


@torch.no_grad()
def probabilities(probe, features):
    return probe((features - mean) / spread).softmax(dim=-1)


# %%
runs = [slice(r, TRAIN, 3) for r in range(3)]  # a third of the training images for each run
probes = [fit(x[run], y[run], K) for run in runs]
a = [probabilities(probe, x_val) for probe in probes]  # (scenes, windows, K) of each run

fine = {size: window_grid(side, side, size, 4) for size in GRID}
maps = {}
for size, grid in fine.items():
    score = probabilities(probes[0], window_features(network.model, scene[0][None], grid, LAYER, SIDE))
    maps[size] = score.reshape((side - size) // 4 + 1, -1, K)
figures.window_figure(scene[0], maps, train.names, scene[3], 4)

# %% [markdown] lang="ru"
# Подвигайте окно. В сетке 243 окна: $13^2$ стороны 32, $7^2$ стороны 46 и $5^2$ стороны 64. Объект есть
# меньше чем в 12 % из них, остальное — фон и промежуточные случаи. Если записать вероятность класса для
# каждого положения окна, получится карта: чем светлее, тем увереннее ответ. До белых полей по краям середина
# окна не доходит.

# %% [markdown] lang="en"
# Move the window. The grid has 243 windows: $13^2$ of side 32, $7^2$ of side 46 and $5^2$ of side 64. Fewer
# than 12% of them hold an object; the rest are background and cases in between. Write down the probability of
# a class for every position of the window, and you get a map: the lighter, the surer. The middle of a window
# never reaches the white rim.

# %%
sizes = sorted(GRID)
edges = [sum(sizes[:2]) / 2, sum(sizes[1:]) / 2]  # between small, middle and large objects
match = [[[] for size in sizes] for group in range(3)]
middle, widths = (windows[:, :2] + windows[:, 2:]) / 2, windows[:, 2] - windows[:, 0]
for probability, objects in ((p, o) for each in a for p, o in zip(each, some)):
    for k, box in zip(objects.classes.tolist(), objects.boxes):
        group = np.digitize((box[2:] - box[:2]).max().item(), edges)
        about = ((middle >= box[:2]) & (middle < box[2:])).all(dim=1)
        for place, size in enumerate(sizes):
            best = probability[about & (widths == size), k]
            match[group][place] += [best.max().item()] if len(best) else []

# %%
areas = (scene[3].boxes[:, 2:] - scene[3].boxes[:, :2]).prod(dim=1)
k = int(scene[3].classes[areas.argmin()])  # the class of the smallest object of the scene
axes = figures.panels(3, height=2.4, widths=[1, 1, 1.1])
for ax, size in zip(axes, (sizes[0], sizes[-1])):
    score = maps[size][..., k]
    figures.show_score_map(ax, score, train.names[k], size=size, stride=4, side=side)
figures.window_match_curves(axes[2], sizes, match)
if shapes:
    assert np.mean(match[0][0]) > np.mean(match[0][2]) + 0.3
    assert np.mean(match[2][2]) > np.mean(match[0][2]) + 0.3
figures.show()

# %% [markdown] lang="ru"
# Слева одна и та же вероятность в окнах наименьшего и наибольшего размера. Справа для каждого объекта
# взято лучшее окно каждого размера с серединой внутри его рамки; отложено среднее по объектам 50 сцен и
# трём запускам, отрезки — стандартная ошибка. Малый объект в большом окне теряется среди фона, поэтому
# размеров нужно несколько. (Малых окон больше, и лучшее из них уже поэтому выше; честно сравнивать точки
# над одним и тем же размером окна.)

# %% [markdown] lang="en"
# On the left is one and the same probability in windows of the smallest and of the largest size. On the right
# the best window of every size was taken for each object, with its middle inside the object's box; shown is
# the mean over the objects of 50 scenes and three runs, whiskers are the standard error. A small object gets
# lost in the background of a large window, and that is why several sizes are needed. (There are more small
# windows, and the best of more is higher; the fair comparison is between points over one size of window.)

# %% [markdown] lang="ru"
# ### Зачем нужен класс «фон»
#
# Наша сеть фона не знает: её учили на изображениях, где объект есть всегда. Обучим на тех же признаках
# ещё одну линейную модель, только на окнах с объектами.
#
# **Предскажите:** что она ответит для пустого окна? Отличит ли его порог на вероятность?

# %% [markdown] lang="en"
# ### Why a background class
#
# Our network knows no background: it was taught on images in which there always is an object. Train one
# more linear probe on the same features, on windows with objects only.
#
# **Predict:** what will it answer for an empty window? Can a threshold on the probability tell it apart?

# %%
only = torch.where((y > 0) & (y != VOID), y - 1, VOID)  # background is left out, too
y_val = torch.stack([window_labels(windows, *objects) for objects in some])


def passing(scores):
    """Share of background windows over the threshold that 80% of the objects' windows pass."""
    threshold = scores[(y_val > 0) & (y_val != VOID)].quantile(0.2)
    return (scores[y_val == 0] >= threshold).double().mean().item()


# %%
passed = {"without": [], "with": []}
for run, probability in zip(runs, a):
    without = probabilities(fit(x[run], only[run], K - 1), x_val)
    passed["without"].append(passing(without.amax(dim=-1)))  # the surest class of an object
    passed["with"].append(passing(probability[..., 1:].amax(dim=-1)))
if shapes:
    assert np.mean(passed["without"]) > 4 * np.mean(passed["with"])
    assert np.mean(passed["with"]) < 0.1

(ax,) = figures.panels(1, height=2.3)
figures.empty_window_bars(ax, passed)
figures.show()

# %% [markdown] lang="ru"
# Порог взят так, чтобы его прошли 80 % окон с объектами; отложена доля окон фона, которые проходят вместе с
# ними. Столбцы — средние по трём запускам (у каждого своя треть обучающих сцен), отрезки — одно стандартное
# отклонение, точки — сами запуски. С фоном проходит меньше десятой части, без фона — в несколько раз больше,
# и дело случая, сколько именно. Без фона вероятности делятся только между классами объектов: softmax
# сообщает, какой из них подходит больше, но не то, подходит ли хоть один.

# %% [markdown] lang="en"
# The threshold is set so that 80% of the windows with objects pass it; shown is the share of background
# windows that pass along with them. Bars are means over three runs (each with its own third of the training
# scenes), whiskers one standard deviation, dots the runs. With background less than a tenth passes, without
# it several times as many, and just how many is a matter of luck. Without background the probabilities are
# shared out among the classes of objects alone: softmax says which of them fits better, not whether any fits
# at all.

# %% [markdown] lang="ru"
# ## Один проход вместо сотен
#
# Окна сильно перекрываются, и свёртки в общей части мы считаем заново для каждого. Между тем свёртка и так
# скользит по изображению. Нельзя ли один раз пройти сетью по всей сцене и вырезать окна уже из
# карты признаков?
#
# **Предскажите:** совпадут ли признаки окна, вырезанного из карты, с признаками окна, вырезанного из
# изображения?

# %% [markdown] lang="en"
# ## One pass in place of hundreds
#
# The windows overlap a lot, and the convolutions in the common part are computed anew for each. Yet a
# convolution slides over the image anyway. Could we run the network over the whole scene once and cut
# the windows out of the feature map?
#
# **Predict:** will the features of a window cut out of the map equal those of a window cut out of the
# image?

# %%
pixels = int(((windows[:, 2] - windows[:, 0]) ** 2).sum())  # in all windows together
if shapes:
    assert pixels == 379140 and pixels // side**2 == 23


# %%
@torch.no_grad()
def both_ways(model, image, size):
    """Features of windows cut out of the image, and of the same windows of its map."""
    image = image.to(here.device)
    units = activation(model, LAYER, image[None, :, :size, :size]).shape[-1]
    slid = F.avg_pool2d(activation(model, LAYER, image[None]), units, stride=1)[0]
    stride = (image.shape[-1] - size) // (slid.shape[-1] - 1)
    grid = window_grid(*image.shape[1:], size, stride)
    cut = activation(model, LAYER, crop_windows(image, grid, size)).mean(dim=(2, 3))
    return cut.cpu(), slid.flatten(1).T.cpu()


# %%
bare = copy.deepcopy(network.model)
for layer in bare.modules():
    if isinstance(layer, nn.Conv2d):
        layer.padding = (0, 0)  # no zeros at the rim
geometry = receptive_field(bare, LAYER)
size = geometry.size[0]
large = F.interpolate(scene[0][None], size=size + 3 * geometry.stride[0], mode="bilinear")[0]

padded, exact = both_ways(network.model, scene[0], 64), both_ways(bare, large, size)
rounding = 1e-5 if here.device.type == "cpu" else 1e-2  # a GPU may multiply in fewer digits
apart = [((cut - slid).abs().max() / cut.max()).item() for cut, slid in (exact, padded)]
assert apart[0] < rounding < 0.05 < apart[1]  # of the largest feature

# %%
left, right = figures.panels(2, height=2.8)
figures.slid_scatter(left, *padded, padded=True)
figures.slid_scatter(right, *exact, padded=False)
figures.show()

# %% [markdown] lang="ru"
# Если свёртки ничего не дополняют нулями, совпадение точное, до округления: линейная часть, ReLU и пулинг
# одинаковы в каждом положении. С дополнением признаки лишь похожи: у вырезанного окна за краем нули, а у
# того же окна внутри сцены — соседние пиксели. Линейный слой поверх признаков — это свёртка $1 \times 1$,
# и тогда вся сеть выдаёт сразу карту ответов. Так устроены OverFeat и полностью свёрточные сети лекции 06.
#
# Выигрыш виден из счёта: в 243 окнах вместе 379 140 пикселей, это в 23 раза больше, чем в самой сцене.
# Есть и плата: положения окон идут с шагом сети (у нашей 32 пикселя), а размер окна один; другие размеры
# получают, меняя масштаб изображения. Дальше мы честно вырезаем окна: так шаг выбираем мы.

# %% [markdown] lang="en"
# Where the convolutions add no zeros, the match is exact, up to rounding: the linear part, ReLU and
# pooling are the same at every position. With zero padding the features are merely alike: beyond the rim
# of a window cut out there are zeros, and around the same window inside the scene there are neighbouring
# pixels. A linear layer on top of the features is a $1 \times 1$ convolution, and then the whole network
# gives a map of answers at once. OverFeat works like this, and so do the fully convolutional networks of
# lecture 06.
#
# The gain can be counted: the 243 windows together hold 379,140 pixels, 23 times as many as the scene. There
# is a price, too: positions come at the network's stride (32 pixels for ours), and there is one size of
# window; other sizes are had by scaling the image. From here on we do cut the windows out: that way the
# stride is ours to choose.

# %% [markdown] lang="ru"
# ## Локализация
#
# Нужна одна рамка. Насколько она хороша, измеряет мера Жаккара рамок — IoU (intersection over union): площадь
# пересечения, делённая на площадь объединения.
#
# $$\mathrm{IoU}(A, B) = \frac{|A \cap B|}{|A \cup B|}$$
#
# **Посчитайте на бумаге:** рамка $12 \times 12$, по размеру такая же, как истинная, сдвинута вправо на треть
# своей стороны. Чему равна IoU? А если сдвинуть её ещё и вниз на треть?

# %% [markdown] lang="en"
# ## Localisation
#
# One box is wanted. How good it is, is measured by the Jaccard index of boxes, the IoU (intersection over
# union): the area that the two share over the area of their union.
#
# $$\mathrm{IoU}(A, B) = \frac{|A \cap B|}{|A \cup B|}$$
#
# **Work out on paper:** a $12 \times 12$ box of the same size as the true one is shifted to the right by a
# third of its side. What is the IoU? And if it is also shifted down by a third?

# %%
truth_box = torch.tensor([[6.0, 6.0, 18.0, 18.0]])
moved = truth_box + torch.tensor([[4.0, 0.0, 4.0, 0.0], [4.0, 4.0, 4.0, 4.0]])
assert torch.allclose(box_iou(moved, truth_box)[:, 0], torch.tensor([1 / 2, 64 / 224]))
figures.box_overlap_figure()

# %% [markdown] lang="ru"
# Сдвиг на треть стороны оставляет ровно 1/2: пересечение $8 \cdot 12 = 96$, объединение
# $2 \cdot 144 - 96 = 192$. Сдвиг по обеим осям — уже $64 / 224 < 0{,}3$. Поэтому порог 0,5, принятый в
# VOC, не такой мягкий, каким кажется.
#
# Теперь локализация. Первый способ: сведение к классификации, берём окно, где вероятность фона
# наименьшая. Второй способ: регрессия, то есть линейная модель на признаках всей сцены, которая
# предсказывает четыре координаты рамки и минимизирует сумму квадратов ошибок.
#
# **Предскажите:** кто выиграет, если обучающих сцен тридцать? А если двести?

# %% [markdown] lang="en"
# A shift by a third of the side leaves exactly 1/2: the boxes share $8 \cdot 12 = 96$, their union is
# $2 \cdot 144 - 96 = 192$. A shift along both axes leaves $64 / 224 < 0.3$. So the threshold of 0.5 that
# VOC uses is not as lenient as it seems.
#
# Now to localisation. The first way is the reduction to classification: take the window with the least
# probability of background. The second way is regression: a linear model on the features of the whole scene
# that predicts the four coordinates of the box and minimises the sum of squared errors.
#
# **Predict:** which wins with thirty training scenes? And with two hundred?

# %%
x_exam = window_features(network.model, exam, windows, LAYER, SIDE)
answers = [probabilities(probe, x_exam) for probe in probes]
chosen = [answer[..., 0].argmin(dim=1) for answer in answers]  # the least background
classes = [answer[range(len(exam)), c, 1:].argmax(dim=1) + 1 for answer, c in zip(answers, chosen)]
named = np.mean([(k == truth.classes).double().mean().item() for k in classes])
best_iou = [box_iou(windows[c], truth.boxes).diagonal().mean().item() for c in chosen]
bound = box_iou(windows, truth.boxes).amax(dim=0).mean().item()  # the best window there is
same = box_iou(taught.boxes.mean(dim=0, keepdim=True), truth.boxes).mean().item()


# %%
@torch.no_grad()
def flat(images):
    """The last map with its places kept: (N, C * h * w), plus a column of ones."""
    maps = activation(network.model, LAYER, images.to(here.device)).flatten(1).cpu()
    return F.pad(maps, (0, 1), value=1.0)


flat_lessons, flat_exam = flat(lessons).double(), flat(exam).double()


def regress(chosen, l2):
    """Least squares with a penalty on the weights; boxes (N, 4) predicted for the exam."""
    x, y = flat_lessons[chosen], taught.boxes[chosen].double() - side / 2
    kernel = x @ x.T
    ridge = l2 * kernel.diagonal().mean() * torch.eye(len(x), dtype=torch.float64)
    return (flat_exam @ x.T @ torch.linalg.solve(kernel + ridge, y) + side / 2).float()


# %%
numbers, pool = ([10, 20] if slow else [30, 60, 120, 200]), len(lessons)
penalties, quality = (0.03, 0.1, 0.3, 1.0), []
for run in range(3):
    order = torch.randperm(pool, generator=torch.Generator().manual_seed(run))
    boxes = [[regress(order[:m], l2) for l2 in penalties] for m in numbers]
    ious = [[box_iou(b, truth.boxes).diagonal().mean().item() for b in row] for row in boxes]
    quality.append([max(row) for row in ious])  # the penalty that suits regression best

# %%
if shapes:
    assert named > 0.6
    assert np.mean(best_iou) > np.mean(quality, axis=0)[0] + 0.15
    assert np.mean(best_iou) > np.mean(quality, axis=0)[-1] + 0.05
    assert np.mean(quality, axis=0)[-1] > np.mean(quality, axis=0)[0] + 0.08

(ax,) = figures.panels(1, height=2.9)
figures.localisation_curves(ax, numbers, quality, {TRAIN // 3: best_iou}, bound, same)
figures.show()

# %% [markdown] lang="ru"
# Точки — средние по 40 новым сценам с одним объектом, отрезки — стандартное отклонение по трём запускам
# (другие обучающие сцены). Класс лучшего окна верен больше чем в 60 % сцен. Регрессия становится лучше с
# числом сцен, но и двухсот ей не хватает: из каждой сцены она получает один пример. Окна тридцати сцен (в них
# от одного до пяти объектов) дают тысячи примеров, и сеть не надо учить тому, что объект слева и объект
# справа — одно и то же: это заложено в перебор положений. Регрессии мы даже подыграли: силу регуляризации
# выбрали по самим новым сценам. Сети, обученные целиком и на многих тысячах рамок, координаты предсказывают
# хорошо.
#
# Зато окно ограничено сеткой: лучшее из 243 окон тоже не совпадает с рамкой (пунктир), потому
# что размеров три и все окна квадратные. Поэтому на деле способы соединяют: R-CNN и его наследники
# классифицируют окна, а регрессия уточняет рамку найденного.

# %% [markdown] lang="en"
# Points are means over 40 new scenes with one object, whiskers the standard deviation over three runs (other
# training scenes). The class of the best window is right in more than 60% of the scenes. Regression improves
# with the number of scenes, but even two hundred are too few: from each scene it gets one example. The
# windows of thirty scenes (with one to five objects each) give thousands of examples, and nobody has to teach
# the network that an object on the left and one on the right are the same: trying all positions has that
# built in. We even favoured regression: the strength of its penalty was chosen on the new scenes themselves.
# Networks trained as a whole on many thousands of boxes do predict coordinates well.
#
# But the window is bound to the grid: even the best of the 243 windows differs from the box (dashed line), as
# there are three sizes and all are square. So in practice the two are joined: R-CNN and its heirs
# classify windows, and regression refines the box of what was found.

# %% [markdown] lang="ru"
# ## Детекция
#
# Объектов может быть сколько угодно, поэтому оставим все окна, в которых вероятность объекта не ниже
# порога. Рамка **верна**, если её класс тот же, что у объекта, и IoU с ним не меньше 0,5; каждый объект
# можно найти один раз, повторы — ошибки. Отсюда две доли:
#
# - **точность** (precision) — доля верных рамок среди выданных;
# - **полнота** (recall) — доля найденных объектов среди всех.
#
# **Предскажите:** сколько рамок выше порога окажется вокруг одного хорошо видного объекта?

# %% [markdown] lang="en"
# ## Detection
#
# There may be any number of objects, so keep all windows in which the probability of an object reaches a
# threshold. A box is **right** if it has the class of an object and an IoU of at least 0.5 with it; every
# object can be found once, repeats are mistakes. This gives two shares:
#
# - **precision**: the right boxes among those given;
# - **recall**: the objects found among all there are.
#
# **Predict:** how many boxes above the threshold will there be around one object that is well visible?

# %%
every = detections(a[0][example], windows, threshold=0.5)
fewer = suppressed(every, overlap=0.3)
left, right = figures.panels(2, height=2.4)
for ax, found in ((left, every), (right, fewer)):
    good = matched(found, some[example])
    title = figures.suppression_title(found is fewer)
    answer = {"truth": some[example], "found": found, "right": good, "title": title}
    figures.show_boxes(ax, scene[0], train.names, **answer)
if shapes:
    assert len(every.scores) > len(fewer.scores)
figures.show()

# %% [markdown] lang="ru"
# Цветные рамки — ответ: сплошные верны, пунктирные — нет. Белая рамка — объект, который не найден.
# Соседние окна видят один и тот же объект, и каждое уверено. Лишние убирает **подавление немаксимумов**
# (non-maximum suppression, NMS): берём рамку с наибольшей оценкой, выбрасываем все рамки того же класса,
# у которых IoU с ней больше порога, берём следующую из оставшихся и так далее.
#
# **Предскажите:** что изменит подавление сильнее — точность или полноту?

# %% [markdown] lang="en"
# Coloured boxes are the answer: solid are right, dashed are not. A white box is an object that was not
# found. Neighbouring windows see the same object, and each is sure of it. **Non-maximum suppression**
# (NMS) removes the superfluous ones: take the box with the highest score, drop all boxes of its class
# whose IoU with it is above a threshold, take the next of those left, and so on.
#
# **Predict:** what does suppression change more, precision or recall?

# %%
def measure(probability, overlap, threshold=0.5):
    """Precision and recall at the threshold, AP and the curve, over all scenes asked."""
    found = [suppressed(detections(each, windows), overlap) for each in probability]
    thresholds, precision, recall = precision_and_recall(*over_scenes(found, some))
    last = int((thresholds >= threshold).sum()) - 1
    ap = average_precision(precision, recall)
    right, share = (precision[last].item(), recall[last].item()) if last >= 0 else (np.nan, 0.0)
    at = {"precision": right, "recall": share, "ap": ap}  # without a box there is no precision
    return at, (precision, recall), found


# %%
ways = {overlap: [measure(probability, overlap) for probability in a] for overlap in (1.0, 0.3)}
means = {
    overlap: {key: [one[0][key] for one in way] for key in ("precision", "recall", "ap")}
    for overlap, way in ways.items()
}
raw, clean = means[1.0], means[0.3]
if shapes:
    per_object = [np.divide(m["recall"], m["precision"]) - m["recall"] for m in (raw, clean)]
    assert per_object[1].mean() < 0.5 * per_object[0].mean()  # wrong boxes for each object
    assert np.mean(clean["precision"]) > 1.6 * np.mean(raw["precision"])
    assert np.mean(raw["recall"]) - np.mean(clean["recall"]) < 0.1
    assert np.mean(clean["ap"]) > np.mean(raw["ap"]) + 0.08

# %%
left, right = figures.panels(2, height=2.9)
figures.suppression_bars(left, raw, clean)
figures.suppression_curves(right, ways[1.0][0][1], ways[0.3][0][1])
figures.show()

# %% [markdown] lang="ru"
# Слева порог 0,5. Без подавления точность падает больше чем в полтора раза: больше половины лишних
# рамок — повторы. Полнота почти не меняется. Это три запуска по 50 сценам.
#
# Порог выбирает пользователь, поэтому детектор описывают кривой: с понижением порога полнота растёт, а
# точность, как правило, падает. **Средняя точность** (average precision, AP) — площадь под этой кривой, у
# которой точность при полноте $r$ заменена наибольшей точностью при полноте не меньше $r$. В VOC её
# считают отдельно для каждого класса и усредняют по классам (mAP).
#
# Подвигайте пороги сами.

# %% [markdown] lang="en"
# On the left the threshold is 0.5. Without suppression precision is lower by a factor of more than one
# and a half: more than half of the superfluous boxes are repeats. Recall hardly changes. These are three
# runs over 50 scenes.
#
# The threshold is for the user to choose, so a detector is described by a curve: as the threshold falls,
# recall rises and precision, as a rule, falls. The **average precision** (AP) is the area under this curve,
# with the precision at recall $r$ replaced by the highest precision at a recall of $r$ or more. VOC computes
# it for each class by itself and averages over classes (mAP).
#
# Move the thresholds yourself.

# %%
figures.detection_figure(val.images[:50], a[0], windows, some, train.names, example)

# %%
def of_class(parts, k):
    return type(parts)(*(part[parts.classes == k] for part in parts))


found, by_class = ways[0.3][0][2], []
for k in range(1, K):
    pairs = [of_class(each, k) for each in found], [of_class(each, k) for each in some]
    scores, good, total = over_scenes(*pairs)
    curve = precision_and_recall(scores, good, total)[1:] if total else None
    by_class.append(average_precision(*curve) if total else np.nan)
if shapes:
    assert max(by_class) > 2 * min(by_class)

# %%
(ax,) = figures.panels(1, height=2.6 if shapes else 4.5)
figures.ap_bars(ax, by_class, train.names[1:])
figures.show()

# %% [markdown] lang="ru"
# Это первый из трёх запусков. Классы неравны: у лучшего средняя точность больше чем вдвое выше, чем у
# худшего. Общая кривая этого не показывает, поэтому в VOC и усредняют по классам.

# %% [markdown] lang="en"
# This is the first of the three runs. Classes are unequal: the best one's average precision is more than
# twice the worst one's. The common curve does not show it, which is why VOC averages over classes.

# %% [markdown] lang="ru"
# ### Где это ломается
#
# Найдём для каждого объекта два числа: IoU с лучшим окном сетки (если она мала, найти его нечем) и IoU его
# рамки с рамкой ближайшего соседа.
#
# **Предскажите:** какие объекты теряются чаще?

# %% [markdown] lang="en"
# ### Where it breaks
#
# Compute two numbers for every object: its IoU with the best window of the grid (if that is small, there is
# nothing to find it with), and the IoU of its box with that of its nearest neighbour.
#
# **Predict:** which objects are lost more often?

# %%
reach, crowd, there = [], [], []
for way in ways[0.3]:
    for found, objects in zip(way[2], some):
        sure_ones = Detections(*(part[found.scores >= 0.3] for part in found))
        between = box_iou(objects.boxes, objects.boxes).fill_diagonal_(0)
        for j in range(len(objects.classes)):
            one = Objects(objects.classes[j : j + 1], objects.boxes[j : j + 1])
            there.append(bool(matched(sure_ones, one).any()))
            reach.append(box_iou(one.boxes, windows).max().item())
            crowd.append(between[j].max().item())

# %%
def groups(values, edges):
    place = np.digitize(values, edges)  # 0, 1 or 2: which of the three groups
    return [np.array(there)[place == group] for group in range(3)]


by_reach, by_crowd = groups(reach, (0.6, 0.7)), groups(crowd, (1e-6, 0.1))
if shapes:
    assert by_reach[0].mean() < by_reach[-1].mean() - 0.2
    assert by_crowd[-1].mean() < by_crowd[0].mean() - 0.05
    assert 22**2 / min(GRID) ** 2 < 0.5  # a small square inside the smallest window
squares = torch.cat([window_grid(90, 90, size, 1) for size in range(20, 91, 2)])
assert box_iou(squares, torch.tensor([[0.0, 30, 90, 60]])).max() < 0.5

# %%
left, right = figures.panels(2, height=2.5)
figures.reach_bars(left, by_reach)
figures.crowd_bars(right, by_crowd)
figures.show()

# %% [markdown] lang="ru"
# Считаются рамки с оценкой не ниже 0,3, отрезки — стандартная ошибка доли. Теряются объекты, для которых в
# сетке нет подходящего окна. Квадрат стороны 22 не наберёт IoU 0,5 ни с одним окном: наименьшее больше его по
# площади вдвое с лишним. Рамка $1 : 3$ не наберёт столько ни с каким квадратом вообще. И теряются объекты,
# чьи рамки пересекаются: окно видит оба, а подавление может выбросить рамку второго как повтор первой.
#
# Окон больше — цена выше, поэтому R-CNN берёт не сетку, а около двух тысяч **предложенных** областей,
# Faster R-CNN учит предлагать их саму сеть, а YOLO предсказывает рамки всех ячеек сетки за один проход.

# %% [markdown] lang="en"
# Boxes with a score of at least 0.3 count; whiskers are the standard error of a share. Objects are lost for
# which the grid has no fitting window. A square of side 22 gets an IoU of 0.5 with none: the smallest window
# has more than twice its area. A box of $1 : 3$ does not get that far with any square at all. And objects are
# lost whose boxes overlap: the window sees both, and suppression may drop the second one's box as a repeat of
# the first.
#
# More windows cost more, so R-CNN takes no grid but some two thousand **proposed** regions, Faster R-CNN
# teaches the network itself to propose them, and YOLO predicts the boxes of all cells of a grid in one pass.

# %% [markdown] lang="ru"
# ## Семантическая сегментация
#
# Классифицируем каждый пиксель: вырежем вокруг него окно и спросим, какого класса пиксель в середине. Можно
# спрашивать не каждый, а через шаг $t$, и отдать ответ всему квадрату $t \times t$.
#
# **Предскажите:** какое окно лучше — стороны 24 или 48? Что улучшится и что ухудшится, если его
# увеличить?

# %% [markdown] lang="en"
# ## Semantic segmentation
#
# Classify every pixel: cut a window around it and ask of what class the pixel in the middle is. One can ask
# not every pixel, but one in $t$ each way, and give the answer to the whole square $t \times t$.
#
# **Predict:** which window is better, of side 24 or of side 48? What improves and what gets worse when it
# grows?

# %%
LESSONS, ASKED = (12, 4) if slow else (48, 16)  # images
labels, centre = val.labels[:ASKED], train.labels[:LESSONS, 4::8, 4::8].flatten(1).long()
answers = {}  # size of the window -> answers of three runs, (N, H / 8, W / 8) each
for size in (24, 48) if shapes else (48, 96):
    grid = centre_windows(side, side, size, 8)
    z = window_features(network.model, train.images[:LESSONS], grid, LAYER, SIDE)
    z_val = window_features(network.model, val.images[:ASKED], grid, LAYER, SIDE)
    asked = [probabilities(fit(z[r::3], centre[r::3], K), z_val).argmax(dim=-1) for r in range(3)]
    answers[size] = [each.reshape(ASKED, side // 8, side // 8) for each in asked]


# %%
def enlarge(answer, stride, asked_every=8):
    """Every stride-th answer, replicated over its square of pixels: (N, H, W)."""
    step = stride // asked_every
    kept = answer[:, step // 2 :: step, step // 2 :: step]
    return kept.repeat_interleave(stride, dim=1).repeat_interleave(stride, dim=2)


def quality(answer):
    return mean_jaccard(confusion_counts(answer, labels, K)).item()


# %%
true = torch.from_numpy(np.stack(filled[:ASKED]))
strides = (32, 16, 8, 4)
limit = [quality(enlarge(true, t, asked_every=1)) for t in strides]  # were every window right
jaccards = {
    size: [[quality(enlarge(each, t)) for t in strides[:3]] for each in runs]
    for size, runs in answers.items()
}
counts = [(side // t) ** 2 for t in strides]
assert counts == [16, 64, 256, 1024]

# %%
band = border_band(labels, 4)  # so many pixels from a border
of_object = (labels > 0) & (labels != VOID)
border, inside = {}, {}
for size, each_run in answers.items():
    maps_of_runs = [enlarge(each, 8) for each in each_run]
    border[size] = [(m > 0)[of_object & band].double().mean().item() for m in maps_of_runs]
    inside[size] = [(m == labels)[of_object & ~band].double().mean().item() for m in maps_of_runs]
small, large = answers
if shapes:
    assert np.mean(border[small]) > np.mean(border[large]) + 0.08
    assert np.mean(inside[small]) < np.mean(inside[large]) - 0.05

# %%
shown = int(of_object.flatten(1).sum(dim=1).argmax())
axes = figures.panels(4, height=2.2)
figures.show_labels(axes[0], labels[shown], train.names, title="$y$", legend=False)
figures.show_window_answer(axes[1], enlarge(true, 8, 1)[shown], train.names)
for ax, size in zip(axes[2:], answers):
    figures.show_window_answer(ax, enlarge(answers[size][0], 8)[shown], train.names, size)
figures.show()

# %%
left, right = figures.panels(2, height=2.7)
figures.stride_curves(left, counts, jaccards, limit)
figures.window_size_bars(right, border, inside)
if shapes:
    assert limit[2] > 2 * np.max([np.mean(j, axis=0)[-1] for j in jaccards.values()])
figures.show()

# %% [markdown] lang="ru"
# Пунктир — ответ, составленный из истинных классов: он показывает, чего стоит сам шаг. При $t = 32$
# мелкие объекты теряются между окнами, при $t = 8$ предел больше чем вдвое выше того, что получилось.
# Значит, мешает не только шаг, но и сами окна. Отрезки и точки — три запуска по шестнадцать обучающих сцен.
#
# Справа причина. В малом окне не видно всей фигуры: сеть замечает объект, но путает его класс. В большом окне
# класс внутри объекта назван вернее, зато граница размыта: окна соседних пикселей почти одинаковы, и
# усреднённые признаки не знают, что в самой середине. Нужны сразу и широкий обзор, и точное место. Как
# получить то и другое за один проход, рассказывают лекции 06–08. Числа здесь низкие, и мы этого не скрываем.

# %% [markdown] lang="en"
# The dashed line is an answer put together from true classes: it shows what the stride alone costs. With
# $t = 32$ small objects are lost between the windows; with $t = 8$ the limit is more than twice what we got.
# So it is not only the stride that hurts, but the windows themselves. Whiskers and dots are three runs with
# sixteen training scenes each.
#
# The reason is on the right. A small window does not show the whole shape: the network notices an object but
# confuses its class. With a large one the class is named better inside the object, yet the border is blurred:
# windows of neighbouring pixels are nearly the same, and averaged features do not know what is in the very
# middle. We want a wide view and an exact place at once. How to have both in one pass is the matter of
# lectures 06–08. The numbers here are low, and we do not hide it.

# %% [markdown] lang="ru"
# ## Сегментация экземпляров
#
# Карта классов есть, нужно разделить её на объекты. Простая мысль: каждая связная область одного класса —
# это объект. Проверим на **безошибочной** карте классов.
#
# **Предскажите:** в какой доле сцен число связных областей отличается от числа объектов? В какую сторону?

# %% [markdown] lang="en"
# ## Instance segmentation
#
# We have a label map, and it has to be divided into objects. A simple thought: every connected part of one
# class is an object. Try it on a label map **without mistakes**.
#
# **Predict:** in what share of scenes does the number of connected parts differ from the number of
# objects? In which direction?

# %%
extra = np.array(extra)  # objects minus connected parts, of every scene
differ, merged = (extra != 0).mean(), (extra > 0).mean()
if shapes:
    assert 0.1 < differ < 0.4 and merged > (extra < 0).mean()

# %%
touching = {"parts": [], "boxes": []}
for i in np.flatnonzero(extra > 0):
    o, numbered = val_objects[i], val.objects[i].numpy()
    smallest_first = Detections(-(o.boxes[:, 2:] - o.boxes[:, :2]).prod(dim=1), *o)
    in_boxes = masks_in_boxes(filled[i], smallest_first)
    for part in range(1, parts[i].max() + 1):
        inside = set(np.unique(numbered[parts[i] == part]).tolist()) - {0, VOID}
        for j in inside if len(inside) > 1 else ():  # objects of one class grown together
            one = np.where(numbered == VOID, VOID, numbered == j)
            touching["parts"].append(found_objects(parts[i], one)[0])
            touching["boxes"].append(found_objects(in_boxes, one)[0])

# %%
pieces = {"parts": [], "boxes": []}
total = sum(len(objects.classes) for objects in val_objects[:ASKED])
for answer, way in zip(answers[large], ways[0.3]):
    for i, classes in enumerate(enlarge(answer, 8).numpy()[:ASKED]):
        sure_ones = Detections(*(part[way[2][i].scores >= 0.5] for part in way[2][i]))
        masks = connected_parts(classes), masks_in_boxes(classes, sure_ones)
        for key, mask in zip(pieces, masks):
            pieces[key].append(len(np.unique(mask)) - 1)
pieces = {key: np.reshape(each, (3, ASKED)).sum(axis=1) / total for key, each in pieces.items()}

# %%
left, right = figures.panels(2, height=2.6)
figures.touching_bars(left, touching["parts"], touching["boxes"])
figures.piece_bars(right, pieces)
if shapes:
    assert np.mean(touching["parts"]) < np.mean(touching["boxes"]) - 0.15
    assert pieces["parts"].mean() > 2 * pieces["boxes"].mean()
figures.show()

# %% [markdown] lang="ru"
# Слева карта классов истинная. Больше чем в десятой части сцен областей и объектов не поровну: чаще областей
# меньше, потому что соприкоснувшиеся объекты одного класса сливаются; бывает и больше, когда ближний объект
# разрезает дальний надвое. Найденным считается объект, у которого есть своя маска с мерой Жаккара больше 0,5.
# Маски внутри истинных рамок (пиксели класса рамки в её пределах) слившиеся объекты различают.
#
# Справа карта классов наша собственная, при $t = 8$: каждый её промах становится ещё одним «объектом». Рамки,
# найденные детектором, лишнего не добавляют: кусочки вне рамок не считаются. На этой мысли построена
# Mask R-CNN: сначала рамка, потом маска внутри неё.

# %% [markdown] lang="en"
# On the left the label map is the true one. In more than a tenth of the scenes parts and objects differ in
# number: mostly there are fewer parts, because touching objects of one class merge; sometimes there are more,
# where a near object has cut a far one in two. An object counts as found if it has a mask of its own with a
# Jaccard index above 0.5. Masks inside the true boxes (the pixels of the box's class within it) do tell apart
# objects that have merged.
#
# On the right the label map is our own, with $t = 8$: each of its slips becomes one more "object". The
# boxes that the detector found add nothing superfluous: pieces outside the boxes do not count. Mask R-CNN
# is built on this thought: first the box, then the mask inside it.

# %% [markdown] lang="ru"
# ## Сколько это стоит
#
# Цена сведения — число классификаций на одно изображение.
#
# **Предскажите:** сколько всего рамок с целыми сторонами помещается в изображение $128 \times 128$? Хватит ли
# миллиона?

# %% [markdown] lang="en"
# ## What it costs
#
# The price of the reduction is the number of classifications for one image.
#
# **Predict:** how many boxes of whole pixels fit into an image of $128 \times 128$? Will a million do?

# %%
prices = {
    "whole": 1,
    "grid": len(windows),
    "squares": sum((side - s + 1) ** 2 for s in range(1, side + 1)),
    "boxes": (side * (side + 1) // 2) ** 2,  # a first and a last column, a first and a last row
    "coarse": (side // 8) ** 2,
    "pixels": side**2,
    "both": len(windows) + (side // 8) ** 2,
}
assert (prices["squares"], prices["boxes"]) == (707264, 68161536)
figures.price_table(prices)

# %% [markdown] lang="ru"
# Всех рамок 68 миллионов; 243 окна — уступка, за которую мы заплатили полнотой. Почти вся дальнейшая
# история задачи — о том, как не считать одно и то же дважды: общий проход (OverFeat, лекция 06), немного
# хороших предложений (R-CNN, Faster R-CNN), один проход на всё (YOLO). Но и в этих сетях класс каждого окна,
# предложения или ячейки называет классификатор: сведение никуда не делось.
#
# **Если выбран набор VOC 2012,** ячейки те же, а отличается вот что: признаки даёт AlexNet с весами
# ImageNet, классов двадцать, окна крупнее (объекты VOC занимают больше места) и приводятся к 96 пикселям;
# последний слой для всего кадра тоже обучается здесь, потому что классы ImageNet — не классы VOC. Без
# графического процессора сцен берётся меньше. Все числа в тексте относятся к встроенным сценам.

# %% [markdown] lang="en"
# There are 68 million boxes; our 243 windows are a concession, paid for in recall. Most of what came later is
# about not computing the same thing twice: a common pass (OverFeat, lecture 06), a few good
# proposals (R-CNN, Faster R-CNN), one pass for everything (YOLO). But in these networks, too, a classifier
# names the class of each window, proposal or cell: the reduction is still there.
#
# **If VOC 2012 was chosen,** the cells are the same, and this differs: features come from AlexNet with
# ImageNet weights, there are twenty classes, windows are larger (VOC's objects take up more room) and are
# scaled to 96 pixels; the last layer for the whole frame is trained here as well, since ImageNet's
# classes are not VOC's. Without a GPU fewer scenes are taken. All numbers in the text are of the built-in
# scenes.

# %% [markdown] lang="ru"
# ## Проверьте себя
#
# <details><summary>1. Две рамки одного размера, IoU равна 1/2. На какую долю стороны одна сдвинута вправо
# относительно другой?</summary>
#
# При сдвиге на долю $d$ общая часть $1 - d$, объединение $1 + d$; из $(1 - d) / (1 + d) = 1/2$ следует
# $d = 1/3$.
#
# </details>
#
# <details><summary>2. Детектор выдал пять рамок с оценками 0,9; 0,8; 0,7; 0,6; 0,5, верны первая, третья и
# пятая, объектов четыре. Чему равна AP?</summary>
#
# Точность на верных рамках: 1, 2/3, 3/5; каждая прибавляет к полноте 1/4. Огибающая их не меняет, четвёртый
# объект не найден и ничего не даёт: AP $= (1 + 2/3 + 3/5) / 4 \approx 0{,}57$.
#
# </details>
#
# <details><summary>3. Порог подавления опустили с 0,5 до 0,1. Какие объекты от этого пострадают?</summary>
#
# Объекты одного класса, которые стоят рядом: их рамки пересекаются больше чем на 0,1, и вторую
# подавление выбросит как повтор первой.
#
# </details>
#
# <details><summary>4. Почему без класса «фон» порог на вероятность не спасает от пустых окон?</summary>
#
# Softmax делит единицу между классами объектов. Он сравнивает их между собой, и «ни один не подходит» в нём
# не записать: пустое окно может получить сколь угодно уверенный ответ.
#
# </details>
#
# <details><summary>5. На карте классов три связные области класса «овца». Сколько на изображении
# овец?</summary>
#
# Неизвестно. Одна область может состоять из нескольких соприкоснувшихся овец, а одна овца может быть
# перерезана деревом надвое. Для ответа нужна сегментация экземпляров.
#
# </details>

# %% [markdown] lang="en"
# ## Check yourself
#
# <details><summary>1. Two boxes of one size have an IoU of 1/2. By what part of its side is one shifted to
# the right of the other?</summary>
#
# Shifted by a part $d$ they share $1 - d$ and their union is $1 + d$; from $(1 - d) / (1 + d) = 1/2$ it
# follows that $d = 1/3$.
#
# </details>
#
# <details><summary>2. A detector gave five boxes with scores 0.9, 0.8, 0.7, 0.6, 0.5; the first, third and
# fifth are right, and there are four objects. What is the AP?</summary>
#
# Precision at the right boxes: 1, 2/3, 3/5; each adds 1/4 to recall. The envelope changes none of them, the
# fourth object is not found and adds nothing: AP $= (1 + 2/3 + 3/5) / 4 \approx 0.57$.
#
# </details>
#
# <details><summary>3. The threshold of suppression is lowered from 0.5 to 0.1. Which objects
# suffer?</summary>
#
# Objects of one class that stand close together: their boxes overlap by more than 0.1, and suppression drops
# the second one as a repeat of the first.
#
# </details>
#
# <details><summary>4. Why does a threshold on the probability not help against empty windows when there is no
# background class?</summary>
#
# Softmax shares one out among the classes of objects. It compares them with each other and cannot say "none
# fits": an empty window may get an answer of any confidence.
#
# </details>
#
# <details><summary>5. A label map has three connected parts of the class "sheep". How many sheep are in the
# image?</summary>
#
# Nobody knows. One part may be several sheep that touch, and one sheep may be cut in two by a tree. The
# answer takes instance segmentation.
#
# </details>

# %%
scores, good = torch.tensor([0.9, 0.8, 0.7, 0.6, 0.5]), torch.tensor([1, 0, 1, 0, 1]).bool()
thresholds, precision, recall = precision_and_recall(scores, good, objects=4)  # question 2
assert abs(average_precision(precision, recall) - (1 + 2 / 3 + 3 / 5) / 4) < 1e-9

# %% [markdown] lang="ru"
# ## Итоги
#
# - Пять задач различаются тем, что служит ответом: класс; класс и рамка; класс и рамка каждого объекта; класс
#   каждого пикселя; маска каждого объекта. У двух из них размер ответа заранее неизвестен.
# - Все сводятся к классификации окон. Классификатору окон нужен класс «фон»: пустых окон больше всего.
# - Качество рамки измеряет IoU, качество детектора — точность, полнота и AP. Повторы убирает подавление
#   немаксимумов, без него точность падает в полтора раза и больше.
# - Сведение ломается там, где окно не подходит объекту, где объекты перекрываются и у границ.
# - Связные области карты классов — ещё не объекты.
# - Цена — число классификаций; общие свёртки избавляют от повторного счёта.
#
# **Дальше:** лекция 04 о метриках сегментации и лекция 05 о функции потерь, затем задание `metrics_and_loss`.
#
# **Источники**
# - M. Everingham, L. Van Gool, C. K. I. Williams, J. Winn, A. Zisserman. The PASCAL Visual Object Classes
#   (VOC) Challenge. *International Journal of Computer Vision* 88 (2010), 303–338 (IoU 0,5 и AP: раздел 4.2).
# - P. Sermanet, D. Eigen, X. Zhang, M. Mathieu, R. Fergus, Y. LeCun. OverFeat: Integrated Recognition,
#   Localization and Detection using Convolutional Networks. ICLR 2014,
#   [arXiv:1312.6229](https://arxiv.org/abs/1312.6229) (скользящее окно за один проход).
# - R. Girshick, J. Donahue, T. Darrell, J. Malik. Rich Feature Hierarchies for Accurate Object Detection and
#   Semantic Segmentation. CVPR 2014, [arXiv:1311.2524](https://arxiv.org/abs/1311.2524) (R-CNN).
# - S. Ren, K. He, R. Girshick, J. Sun. Faster R-CNN. NeurIPS 2015,
#   [arXiv:1506.01497](https://arxiv.org/abs/1506.01497).
# - J. Redmon, S. Divvala, R. Girshick, A. Farhadi. You Only Look Once. CVPR 2016,
#   [arXiv:1506.02640](https://arxiv.org/abs/1506.02640).
# - K. He, G. Gkioxari, P. Dollár, R. Girshick. Mask R-CNN. ICCV 2017,
#   [arXiv:1703.06870](https://arxiv.org/abs/1703.06870).
# - T.-Y. Lin и др. Microsoft COCO: Common Objects in Context. ECCV 2014,
#   [arXiv:1405.0312](https://arxiv.org/abs/1405.0312).

# %% [markdown] lang="en"
# ## Summary
#
# - The five tasks differ in what the answer is: a class; a class and a box; a class and a box for every
#   object; a class for every pixel; a mask for every object. For two of them the size of the answer is not
#   known beforehand.
# - All reduce to the classification of windows. A classifier of windows needs a background class: empty
#   windows are the most frequent.
# - The quality of a box is its IoU, that of a detector its precision, recall and AP. Repeats are removed by
#   non-maximum suppression; without it precision falls by a factor of one and a half and more.
# - The reduction breaks where no window fits the object, where objects overlap, and at borders.
# - Connected parts of a label map are not objects yet.
# - The price is the number of classifications; common convolutions save computing things again.
#
# **Next:** lecture 04 on the metrics of segmentation and lecture 05 on its loss, then the assignment
# `metrics_and_loss`.
#
# **Papers**
# - M. Everingham, L. Van Gool, C. K. I. Williams, J. Winn, A. Zisserman. The PASCAL Visual Object Classes
#   (VOC) Challenge. *International Journal of Computer Vision* 88 (2010), 303–338 (IoU 0.5 and AP: section
#   4.2).
# - P. Sermanet, D. Eigen, X. Zhang, M. Mathieu, R. Fergus, Y. LeCun. OverFeat: Integrated Recognition,
#   Localization and Detection using Convolutional Networks. ICLR 2014,
#   [arXiv:1312.6229](https://arxiv.org/abs/1312.6229) (the sliding window in one pass).
# - R. Girshick, J. Donahue, T. Darrell, J. Malik. Rich Feature Hierarchies for Accurate Object Detection and
#   Semantic Segmentation. CVPR 2014, [arXiv:1311.2524](https://arxiv.org/abs/1311.2524) (R-CNN).
# - S. Ren, K. He, R. Girshick, J. Sun. Faster R-CNN. NeurIPS 2015,
#   [arXiv:1506.01497](https://arxiv.org/abs/1506.01497).
# - J. Redmon, S. Divvala, R. Girshick, A. Farhadi. You Only Look Once. CVPR 2016,
#   [arXiv:1506.02640](https://arxiv.org/abs/1506.02640).
# - K. He, G. Gkioxari, P. Dollár, R. Girshick. Mask R-CNN. ICCV 2017,
#   [arXiv:1703.06870](https://arxiv.org/abs/1703.06870).
# - T.-Y. Lin et al. Microsoft COCO: Common Objects in Context. ECCV 2014,
#   [arXiv:1405.0312](https://arxiv.org/abs/1405.0312).
