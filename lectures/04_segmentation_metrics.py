# %% [markdown] lang="ru"
# # Семантическая сегментация: задача и метрики
#
# **После этой лекции вы сможете**
# - объяснить, чем семантическая сегментация отличается от сегментации экземпляров, и прочитать
#   разметку PASCAL VOC;
# - посчитать долю верных пикселей и меру Жаккара на бумаге и в коде и сказать, когда первая обманывает;
# - по чужому отчёту понять, какую именно «среднюю меру Жаккара» в нём посчитали.
#
# **Что нужно знать:** тензоры PyTorch; что такое класс и доля верных ответов в классификации.
#
# **Сколько это займёт:** около 45 минут вместе с вопросами для самопроверки.
#
# **Данные.** Страница посчитана на встроенном наборе ShapesVOC: фигуры нарисованы, а файлы устроены как в
# PASCAL VOC. Те же ячейки выполняются и на VOC 2012: там классов 21 вместе с фоном, а таблица статистики
# должна совпасть с таблицей из лекции. Маленькая сеть, которую мы здесь обучим, рассчитана на нарисованные
# фигуры, поэтому на фотографиях её результаты не проверяются, а числа в тексте относятся к ShapesVOC.
#
# Перед каждым опытом стоит вопрос. Сначала ответьте на него сами, хотя бы приблизительно: так
# результат запомнится лучше.

# %% [markdown] lang="en"
# # Semantic segmentation: the task and its metrics
#
# **After this lecture you will be able to**
# - tell semantic segmentation from instance segmentation and read PASCAL VOC's annotation;
# - compute pixel accuracy and the Jaccard index, on paper and in code, and say when the first one
#   misleads;
# - work out which "mean Jaccard" somebody else's report has computed.
#
# **You need to know:** PyTorch tensors; what a class and accuracy are in classification.
#
# **Time:** about 45 minutes, the self-check questions included.
#
# **Data.** The page was computed on the built-in set ShapesVOC: the shapes are drawn, the files are laid
# out as in PASCAL VOC. The same cells run on VOC 2012, too: there are 21 classes with the background, and
# the table of statistics should equal the lecture's. The small network that we train here is meant for
# drawn shapes, so its results are not checked on photographs, and the numbers in the text are ShapesVOC's.
#
# A question stands before every experiment. Answer it yourself first, if only roughly: you will
# remember the result better.

# %%
import math
import zlib

import numpy as np
import torch

from course_utils import figures, session
from course_utils.data import VOID, voc_statistics
from course_utils.data.scenes import load_scenes
from course_utils.data.voc_table import VOC2012_STATISTICS
from course_utils.reference.metrics import confusion_counts, jaccard, mean_jaccard, pixel_accuracy
from course_utils.reference.pixelwise import fit_pixelwise

scenes = load_scenes("val", 40, data=session.current().data)
K = len(scenes.names)  # classes, background included
built_in = session.current().data == "shapes"  # what is said about ShapesVOC is checked on it alone
device = session.current().device

# %% [markdown] lang="ru"
# ## Что считается правильным ответом
#
# В классификации ответ для изображения — один класс. В **семантической сегментации** ответ нужен для каждого
# пикселя: $y_i \in \lbrace 1, \dots, K \rbrace$ — истинный класс пикселя $i$, $a_i$ — предсказанный, а всего
# пикселей $n$. Для обучения нужны изображения вместе с верными ответами для каждого их пикселя.
#
# **Предскажите:** на изображении несколько объектов, и у некоторых из них общий класс. На какой карте разных
# значений больше: на карте классов или на карте, где у каждого объекта свой номер?

# %% [markdown] lang="en"
# ## What the right answer is
#
# In classification the answer for an image is one class. **Semantic segmentation** asks for an answer in
# every pixel: $y_i \in \lbrace 1, \dots, K \rbrace$ is the true class of pixel $i$, $a_i$ the predicted one,
# and there are $n$ pixels. Training needs images together with the right answers for each of their pixels.
#
# **Predict:** there are several objects in the image, some of one class. Which map holds more different
# values: the map of classes, or a map in which every object has a number of its own?

# %%
def kinds(label_map):
    return len(set(label_map.unique().tolist()) - {0, VOID})


spare = [kinds(o) - kinds(y) for y, o in zip(scenes.labels, scenes.objects)]
example = spare.index(max(spare))  # the image where objects outnumber classes most
assert spare[example] > 0

left, middle, right = figures.panels(3, height=3.4)
figures.show_image(left, scenes.images[example])
figures.show_labels(middle, scenes.labels[example], scenes.names)
figures.show_objects(right, scenes.objects[example])
figures.show()

# %% [markdown] lang="ru"
# Объектов больше, чем классов. Семантическая сегментация различает только классы: два объекта
# одного класса, которые соприкасаются, сольются в одно пятно. **Сегментация экземпляров** различает сами
# объекты, для неё и нужна правая карта.
#
# В коде классы нумеруются с нуля: 0 — фон, дальше объекты. Белая кайма — особое значение 255
# (*void*): здесь разметчик не взялся решать, где кончается объект. Это не класс. Такие пиксели не
# входят ни в одну сумму этой лекции, и $n$ — число **размеченных** пикселей.

# %% [markdown] lang="en"
# There are more objects than classes. Semantic segmentation tells only classes apart: two objects of
# one class that touch merge into one blot. **Instance segmentation** tells the objects themselves apart,
# and for that there is the map on the right.
#
# In code classes count from zero: 0 is the background, then come the objects. The white seam is a
# special value, 255 (*void*): there the annotator declined to decide where the object ends. It is
# not a class. Such pixels enter no sum of this lecture, and $n$ is the number of **labelled** pixels.

# %% [markdown] lang="ru"
# ## Сколько в наборе изображений и объектов
#
# Разметка VOC хранится в двух папках: `SegmentationClass` (класс каждого пикселя) и
# `SegmentationObject` (номер объекта). Из них и получается таблица: на скольких изображениях есть класс и
# сколько на них объектов этого класса.
#
# **Предскажите:** если сложить числа изображений по всем классам, получится ли размер набора? А если
# сложить числа объектов?

# %% [markdown] lang="en"
# ## How many images and objects there are
#
# VOC keeps its annotation in two folders: `SegmentationClass` (the class of each pixel) and
# `SegmentationObject` (the number of the object). The table comes from these: how many images hold
# a class, and how many objects of that class are in them.
#
# **Predict:** add up the image column over the classes. Do you get the number of images in the set?
# And the object column?

# %%
columns = {name: voc_statistics(scenes.root, name, scenes.names[1:]) for name in ("train", "val")}
train = columns["train"]
assert sum(count.objects for count in train.values()) == train.objects
assert sum(count.images for count in train.values()) > train.images
figures.statistics_table(columns)

# %% [markdown] lang="ru"
# Объекты складываются, изображения — нет: на одном изображении бывает несколько классов, и оно
# попадает в несколько строк.
#
# Эта ячейка посчитала таблицу по файлам того набора, который выбран в начале тетради. Если это VOC
# 2012, должна получиться таблица из лекции. Вот она (Everingham, Winn, 2012, табл. 2).

# %% [markdown] lang="en"
# Objects add up, images do not: an image can hold several classes, and then it stands in several
# rows.
#
# The cell computed the table from the files of the set that was chosen at the top of the notebook.
# If that is VOC 2012, the lecture's table should come out. Here it is (Everingham & Winn, 2012,
# table 2).

# %%
voc = VOC2012_STATISTICS["train"]
people = voc["person"].objects
assert sum(count.objects for count in voc.values()) == voc.objects == 3507
assert sum(count.images for count in voc.values()) == 2171 > voc.images == 1464
assert round(100 * people / voc.objects) == 25
figures.statistics_table(VOC2012_STATISTICS)

# %%
(ax,) = figures.panels(1, height=2.8)
figures.object_bars(ax, {name: count.objects for name, count in voc.items()})
figures.show()

# %% [markdown] lang="ru"
# В таблице VOC то же самое: в обучающей части 3507 объектов, и столбец объектов даёт ровно
# столько; столбец изображений даёт 2171, хотя изображений 1464. Видно и другое: четверть всех
# объектов — люди. Одни классы встречаются намного чаще других, и метрика должна с этим справляться. К
# этому мы ещё вернёмся.

# %% [markdown] lang="en"
# VOC's table behaves the same way: the training part has 3507 objects, and the object column sums to
# exactly that; the image column sums to 2171, though there are 1464 images. And there is something
# else: a quarter of all objects are people. Some classes are far more frequent than others, and a metric
# has to cope with that. We shall come back to it.

# %% [markdown] lang="ru"
# ## Сколько информации в одной разметке
#
# Полторы тысячи изображений — для глубинного обучения очень мало. Почему этого хватает?
#
# **Предскажите:** во сколько раз больше бит содержит разметка одного изображения, чем метка класса в
# классификации? Учтите, что соседние пиксели почти всегда одного класса, так что просто умножать на
# число пикселей нечестно.

# %% [markdown] lang="en"
# ## How much one annotation says
#
# Fifteen hundred images are very few for deep learning. Why do they suffice?
#
# **Predict:** how many times more bits does one image's annotation hold than a class label in
# classification? Mind that neighbouring pixels are nearly always of one class, so just multiplying
# by the number of pixels would not be fair.

# %%
filled = [figures.filled(mask.numpy()) for mask in scenes.labels]  # void takes a neighbour's class
masks = torch.from_numpy(np.stack(filled))
label = math.log2(K)  # one of K classes
naive = masks[0].numel() * math.log2(K)  # as if pixels were independent
packed = [8 * len(zlib.compress(mask.numpy().tobytes(), 9)) for mask in masks]
compressed = sum(packed) / len(packed)
if built_in:
    assert 500 < compressed / label < naive / label / 10

(ax,) = figures.panels(1, height=1.8)
figures.information_bars(ax, label, compressed, naive)
figures.show()

# %% [markdown] lang="ru"
# Будь пиксели независимы, верной была бы самая длинная полоса. Но карту можно без потерь сжать больше
# чем в десять раз, значит, информации в ней меньше. И всё же даже сжатая карта больше метки класса в сотни
# раз. Это оценка сверху: архиватор не знает, что перед ним круги и звёзды, и сжал не так сильно, как мог бы.
#
# Насколько соседи похожи, можно измерить.
#
# **Предскажите:** как часто совпадают классы у пикселей на расстоянии 1? А на расстоянии 64?

# %% [markdown] lang="en"
# Were the pixels independent, the longest bar would be right. But the map can be compressed more than
# tenfold without loss, so it says less than that. And yet even the compressed map is hundreds of class
# labels. This is an upper bound: the compressor does not know that it sees discs and stars, and compressed
# less than it might have.
#
# How alike neighbours are can be measured.
#
# **Predict:** how often do pixels at a distance of 1 share their class? And at a distance of 64?

# %%
distances = [1, 2, 4, 8, 16, 32, 64]
agreement = []
for d in distances:
    agreement.append((masks[:, :, :-d] == masks[:, :, d:]).double().mean().item())
shares = torch.bincount(scenes.labels.flatten(), minlength=256)[:K].double()
shares = shares / shares.sum()
independent = (shares**2).sum().item()  # both happen to be of class k
if built_in:
    assert agreement[0] > 0.97 and abs(agreement[-1] - independent) < 0.05

(ax,) = figures.panels(1, height=2.6)
figures.agreement_curve(ax, distances, agreement, independent)
figures.show()

# %% [markdown] lang="ru"
# У соседей класс один и тот же больше чем в 97 % случаев: сосед почти ничего не добавляет. А далёкие пиксели
# совпадают примерно так же часто, как взятые наугад.
#
# Теперь проверим само утверждение лекции: «можно хорошо обучаться на небольших выборках». Возьмём
# маленькую свёрточную сеть и задачу попроще — отличить объект от фона. На каждом изображении оставим ей
# **один** размеченный пиксель (столько меток даёт классификация), **шестнадцать** или **все**. Остальные
# пиксели получат значение 255 и в обучении участвовать не будут.
#
# **Предскажите:** что лучше — 16 изображений по 16 меток или одно изображение, размеченное целиком,
# то есть тысячи меток?

# %% [markdown] lang="en"
# Neighbours share their class in more than 97% of cases: a neighbour adds next to nothing. Distant pixels
# agree about as often as pixels picked at random would.
#
# Now to the lecture's claim itself: "one can learn well from small sets". Take a small
# convolutional network and an easier task, to tell objects from background. Out of every image we
# give it **one** labelled pixel (as many labels as classification gives), **sixteen**, or **all**.
# The rest get 255 and take no part in training.
#
# **Predict:** which is better: 16 images with 16 labels each, or one image annotated in full, which
# is thousands of labels?

# %%
def keep(truth, labels_per_image, draw):
    """All but so many labels of every image, drawn at random, become void."""
    chance = torch.rand(truth.shape, generator=draw).masked_fill(truth == VOID, -1)
    lowest = chance.flatten(1).topk(labels_per_image).values[:, -1, None, None]
    return torch.where(chance >= lowest, truth, VOID)


def object_or_background(image_set, number):
    found = load_scenes(image_set, number, size=64, data=session.current().data)
    truth = torch.where(found.labels == VOID, VOID, (found.labels > 0).byte())
    return found.images, truth


# %%
def object_jaccard(images_used, labels_per_image, seed):
    """Train on a few images, keeping a few labels of each; J of the objects on new images."""
    draw = torch.Generator().manual_seed(seed)
    picked = torch.randperm(len(pool), generator=draw)[:images_used]
    truth = pool_truth[picked]
    if labels_per_image != "all":
        truth = keep(truth, labels_per_image, draw)
    images, truth = pool[picked].to(device), truth.to(device)
    network = fit_pixelwise(images, truth, num_classes=2, seed=seed)
    with torch.no_grad():
        predicted = network(new.to(device)).argmax(dim=1).cpu()
    return jaccard(confusion_counts(predicted, new_truth, 2))[1].item()


# %%
pool, pool_truth = object_or_background("train", 48)
new, new_truth = object_or_background("val", 40)
assert (pool_truth != VOID).sum(dim=(1, 2)).min() > 2000  # labels of one image annotated in full

sizes = [1, 4, 16]
curves = {
    labels: np.array([[object_jaccard(m, labels, seed) for m in sizes] for seed in range(3)])
    for labels in (1, 16, "all")
}

# %%
few, some, every = (curves[labels].mean(axis=0) for labels in (1, 16, "all"))
if built_in:
    assert every[1] > few[2] + 0.05  # 4 images in full against 16 with one label each
    assert some[2] > every[0] + 0.05  # 16 x 16 labels against one image in full

(ax,) = figures.panels(1, height=2.8)
figures.small_sets_curves(ax, sizes, curves)
figures.show()

# %% [markdown] lang="ru"
# Крупные знаки — средние по трём запускам (другие изображения, другие начальные веса), мелкие — сами
# запуски. Мера Жаккара, отложенная по вертикали, определена ниже; пока достаточно знать, что 1 — это
# идеальный ответ.
#
# Опыт говорит сразу о двух вещах. Четыре изображения, размеченные целиком, дают больше, чем шестнадцать с
# одной меткой на каждом: утверждение лекции подтверждается. Но 256 меток, собранных с шестнадцати
# изображений, лучше тысяч меток с одного: метки одного изображения зависимы, и «много пикселей» не
# заменяет «много изображений».

# %% [markdown] lang="en"
# Large marks are means over three runs (other images, other initial weights), small ones the runs
# themselves. The Jaccard index on the vertical axis is defined below; for now it is enough that 1 is a
# perfect answer.
#
# The experiment says two things at once. Four images annotated in full give more than sixteen with one
# label each: the lecture's claim holds. But 256 labels collected from sixteen images beat the thousands of
# labels of a single one: labels of one image depend on each other, and "many pixels" is no substitute for
# "many images".

# %% [markdown] lang="ru"
# ## Доля верных пикселей и чем она обманывает
#
# Самая простая метрика — попиксельная доля верных ответов:
#
# $$L(y, a) = \frac{1}{n} \sum_{i=1}^n [y_i = a_i]$$
#
# **Предскажите:** объект занимает 5 % кадра. Какую долю верных пикселей получит ответ «везде фон»?

# %% [markdown] lang="en"
# ## Pixel accuracy and how it misleads
#
# The simplest metric is the share of pixels answered correctly:
#
# $$L(y, a) = \frac{1}{n} \sum_{i=1}^n [y_i = a_i]$$
#
# **Predict:** the object fills 5% of the frame. What accuracy does the answer "background
# everywhere" get?

# %%
y = torch.zeros(1, 20, 20, dtype=torch.long)
y[:, 5:9, 5:10] = 1
a = torch.zeros_like(y)  # background everywhere
assert y.sum() * 20 == y.numel()  # the 5%

accuracy = pixel_accuracy(confusion_counts(a, y, num_classes=2))
assert accuracy == 0.95
left, right = figures.panels(2, height=2.7)
figures.show_overlap(left, a[0], y[0], class_index=1)
figures.background_curves(right, share=0.05)
figures.show()

# %% [markdown] lang="ru"
# Верны 95 % пикселей, а объект не найден совсем. Чем меньше объект, тем выгоднее его не замечать.
# Может быть, в целом наборе фона не так много?
#
# **Предскажите:** какую долю верных пикселей ответ «везде фон» получит на нашем наборе?

# %% [markdown] lang="en"
# 95% of pixels are right, and the object is not found at all. The smaller the object, the better it
# pays to overlook it. Perhaps a whole set does not have that much background?
#
# **Predict:** what accuracy will "background everywhere" get on our set?

# %%
a = torch.zeros_like(scenes.labels)
accuracy = pixel_accuracy(confusion_counts(a, scenes.labels, K))
assert accuracy == shares[0]  # nothing but the share of background
if built_in:
    assert 0.84 < accuracy < 0.86

(ax,) = figures.panels(1, height=2.4)
figures.share_bars(ax, shares, scenes.names)
figures.show()

# %% [markdown] lang="ru"
# Сеть, которая ничего не умеет, получает около 85 %. Ошибка в редком классе почти не видна, а редких
# классов большинство. Нужна метрика, в которой у каждого класса свой голос.

# %% [markdown] lang="en"
# A network that can do nothing gets about 85%. A mistake in a rare class hardly shows, and most
# classes are that rare. We need a metric in which every class has its own vote.

# %% [markdown] lang="ru"
# ## Мера Жаккара
#
# Она считается отдельно для каждого класса $k$: пересечение истинной и предсказанной областей
# делится на их объединение.
#
# $$J_k(y, a) = \frac{\sum_{i=1}^n [y_i = k][a_i = k]}{\sum_{i=1}^n \max([y_i = k], [a_i = k])}$$
#
# **Посчитайте на бумаге** $J_1$ для карты 4 × 4 ниже: сколько пикселей найдено верно, сколько пропущено,
# сколько лишних? И какая здесь доля верных пикселей?

# %% [markdown] lang="en"
# ## The Jaccard index
#
# It is computed for every class $k$ by itself: the intersection of the true and the predicted region
# over their union.
#
# $$J_k(y, a) = \frac{\sum_{i=1}^n [y_i = k][a_i = k]}{\sum_{i=1}^n \max([y_i = k], [a_i = k])}$$
#
# **Work out on paper** $J_1$ of the 4 × 4 map below: how many pixels are found, how many missed, how
# many are extra? And what is the pixel accuracy?

# %%
y = torch.tensor([[[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]])
a = torch.tensor([[[0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]]])
names = ["background", "object"]
left, middle, right = figures.panels(3, height=2.6)
figures.show_labels(left, y[0], names, title="$y$")
figures.show_labels(middle, a[0], names, title="$a$")
figures.show_overlap(right, a[0], y[0], class_index=1)

both = ((y == 1) & (a == 1)).sum()
either = torch.maximum(y == 1, a == 1).sum()  # max of the two brackets, as in the formula
assert (both, either) == (3, 6) and (y == a).sum() == 13
figures.show()

# %% [markdown] lang="ru"
# Верно найдены 3 пикселя, один пропущен, два лишних: $J_1 = 3 / (3 + 1 + 2) = 1/2$. Доля верных
# пикселей при этом 13/16, то есть больше 0,8: десять верных пикселей фона заслонили ошибку. Верно
# угаданный фон в $J_1$ не входит вовсе, поэтому заслонить ничего не может.
#
# Обе метрики считаются по одной таблице — **матрице ошибок** `counts`, где строка — истинный класс,
# столбец — предсказанный. $J_k$ — это диагональный элемент, делённый на (строка + столбец − диагональ).

# %% [markdown] lang="en"
# Three pixels are found, one is missed, two are extra: $J_1 = 3 / (3 + 1 + 2) = 1/2$. Pixel accuracy
# is 13/16 all the while, above 0.8: ten correct background pixels hid the mistake. Background that
# is guessed correctly does not enter $J_1$ at all, so it can hide nothing.
#
# Both metrics come from one table, the **confusion matrix** `counts`: the row is the true class, the
# column the predicted one. $J_k$ is the diagonal element over (row + column − diagonal).

# %%
counts = confusion_counts(a, y, num_classes=2)
assert counts.tolist() == [[10, 2], [1, 3]]
by_hand = counts[1, 1] / (counts[1].sum() + counts[:, 1].sum() - counts[1, 1])
assert by_hand == jaccard(counts)[1] == 0.5
assert pixel_accuracy(counts) == 13 / 16
figures.object_size_figure()

# %% [markdown] lang="ru"
# Подвигайте ползунки. Пусть найдена половина объекта: чем объект меньше, тем слабее доля верных пикселей
# замечает пропажу. Мера Жаккара объекта от его размера не зависит.
#
# <details><summary><b>Вопрос.</b> Сеть отвечает «везде объект», а объект занимает 5 % кадра. Чему
# равны доля верных пикселей и обе меры Жаккара?</summary>
#
# Доля верных пикселей 0,05. Для объекта пересечение — весь объект, объединение — весь кадр: 0,05. Для фона
# пересечение пусто: 0. Средняя мера Жаккара 0,025, тогда как «везде фон» даёт 0,475: когда классов всего два,
# от этого ответа не вполне защищает и средняя.
#
# </details>

# %% [markdown] lang="en"
# Move the sliders. Let half of the object be found: the smaller the object, the less pixel accuracy
# notices the loss. The object's Jaccard index does not depend on its size.
#
# <details><summary><b>Question.</b> The network answers "object everywhere", and the object fills 5%
# of the frame. What are pixel accuracy and both Jaccard indices?</summary>
#
# Accuracy is 0.05. For the object the intersection is the whole object and the union the whole
# frame: 0.05. For the background the intersection is empty: 0. The mean Jaccard is 0.025, while
# "background everywhere" gets 0.475: with two classes only, even the mean does not quite protect
# against that answer.
#
# </details>

# %%
y = (torch.arange(400) < 20).long().reshape(1, 20, 20)  # 5% again
nowhere, everywhere = (confusion_counts(torch.full_like(y, k), y, 2) for k in (0, 1))
assert pixel_accuracy(everywhere) == 0.05 and jaccard(everywhere).tolist() == [0, 0.05]
assert math.isclose(mean_jaccard(everywhere), 0.025)
assert math.isclose(mean_jaccard(nowhere), 0.475)

# %% [markdown] lang="ru"
# ## Что портит метрику
#
# Закрасьте часть предсказания кистью и посмотрите, что случится с метриками. Вначале предсказание совпадает с
# истиной.
#
# **Предскажите:** что сильнее снизит среднюю меру Жаккара — закрасить фоном середину креста или весь круг?
# Верных пикселей в первом случае пропадёт больше.

# %% [markdown] lang="en"
# ## What spoils a metric
#
# Paint over a part of the prediction with a brush and watch the metrics. At the start the prediction equals
# the truth.
#
# **Predict:** what lowers the mean Jaccard more: painting background over the middle of the cross or over
# the whole disc? The first loses more of the right pixels.

# %%
strokes = []  # row, column, radius
if built_in:
    strokes = [(37, 42, 17), (90, 15, 18)]  # the middle of the cross, the whole disc
    spoilt = [figures.brushed(filled[example], *stroke, 0) for stroke in strokes]
    y = scenes.labels[example][None]
    cross, disc = (confusion_counts(torch.from_numpy(a)[None], y, K) for a in spoilt)
    assert pixel_accuracy(cross) < pixel_accuracy(disc)
    assert mean_jaccard(cross) > mean_jaccard(disc) + 0.1
figures.brush_figure(scenes.labels[example], scenes.names, strokes)

# %% [markdown] lang="ru"
# Без круга хуже: исчезнувший класс вносит в среднее ноль, сколько бы пикселей он ни занимал. Теперь то же с
# типичными ошибками сетей: сдвиг, неточная граница, потерянный объект, перепутанные классы.

# %% [markdown] lang="en"
# Losing the disc is worse: a class that vanishes puts a zero into the mean, however few pixels it had. Now
# the same with the mistakes that networks typically make: a shift, a border misplaced, an object lost,
# classes confused.

# %%
figures.spoiling_figure(scenes.labels[example], scenes.objects[example], scenes.names)

# %% [markdown] lang="ru"
# Обратите внимание на перепутанные классы: если принять один класс за другой, страдают оба. У первого
# появляются пропущенные пиксели, у второго — лишние.

# %% [markdown] lang="en"
# Note the confused classes: when one class is taken for another, both suffer. The first gets missed pixels,
# the second extra ones.

# %% [markdown] lang="ru"
# ## По классам и в среднем
#
# Возьмём предсказание для всего набора: истину, испорченную так, как ошибаются сети (часть объектов
# потеряна, часть перепутана, границы неточны). Меру Жаккара можно усреднить по классам.
#
# **Предскажите:** доля верных пикселей окажется выше 0,9. А средняя мера Жаккара?

# %% [markdown] lang="en"
# ## By class and on average
#
# Let us take a prediction for the whole set: the truth, spoilt the way networks err (some objects
# lost, some confused, borders inexact). The Jaccard index can be averaged over the classes.
#
# **Predict:** pixel accuracy will be above 0.9. And the mean Jaccard?

# %%
draw = np.random.default_rng(1)
pairs = zip(scenes.labels.numpy(), scenes.objects.numpy(), strict=True)
predicted = torch.stack([torch.from_numpy(figures.careless(*pair, K, draw)) for pair in pairs])
counts = confusion_counts(predicted, scenes.labels, K)
if built_in:
    assert pixel_accuracy(counts) > 0.9 and mean_jaccard(counts) < 0.7

left, right = figures.panels(2, height=3.4)
figures.show_confusion(left, counts, scenes.names)
figures.accuracy_and_jaccard_bars(right, pixel_accuracy(counts), jaccard(counts), scenes.names)
figures.show()

# %% [markdown] lang="ru"
# Средняя мера Жаккара меньше 0,7: доля верных пикселей держится на фоне. По классам видно, какая часть
# каждого объединения — ошибка, а матрица ошибок показывает, куда эти пиксели делись.

# %% [markdown] lang="en"
# The mean Jaccard is below 0.7: pixel accuracy rests on the background. By class one sees how much of each
# union is a mistake, and the confusion matrix shows where those pixels went.

# %% [markdown] lang="ru"
# ## Одно предсказание, много «средних мер Жаккара»
#
# Формула лекции не отвечает на три вопроса. По чему берутся суммы: по изображению, по пакету или по всему
# набору? Что делать с классом, которого нет ни в истине, ни в предсказании, ведь там $0/0$? Что делать с
# 255? На каждый вопрос в чужом коде встречаются разные ответы.
#
# **Предскажите:** насколько разойдутся значения на одних и тех же четырёх изображениях?

# %% [markdown] lang="en"
# ## One prediction, many "mean Jaccards"
#
# The lecture's formula leaves three questions open. What do the sums run over: an image, a batch, the
# whole set? What about a class that neither the truth nor the prediction holds, where it gives
# $0/0$? And what about 255? Other people's code answers each of them in several ways.
#
# **Predict:** how far apart will the values be on the same four images?

# %%
def image_mean(predicted, truth, num_classes):
    one_by_one = zip(predicted[:, None], truth[:, None])
    each = [mean_jaccard(confusion_counts(a, y, num_classes)) for a, y in one_by_one]
    return sum(each) / len(each)


def void_as_background(predicted, truth, num_classes):
    return mean_jaccard(confusion_counts(predicted, truth.where(truth != VOID, 0), num_classes))


# %%
def conventions(predicted, truth, num_classes):
    counts = confusion_counts(predicted, truth, num_classes)
    J, both = jaccard(counts), counts.diagonal().sum()
    return {
        "data_set": J.nanmean(),
        "absent_0": J.nan_to_num(0).mean(),
        "absent_1": J.nan_to_num(1).mean(),
        "truth_only": J[counts.sum(dim=1) > 0].mean(),
        "micro": both / (2 * counts.sum() - both),
        "image_mean": image_mean(predicted, truth, num_classes),
        "void_as_background": void_as_background(predicted, truth, num_classes),
    }


# %%
order = sorted(range(len(predicted)), key=lambda i: kinds(scenes.labels[i]))  # few classes first
predicted, truth = predicted[order], scenes.labels[order]
values = conventions(predicted[:4], truth[:4], K)
spread = max(values.values()) - min(values.values())
if built_in:
    assert spread > 0.3
(ax,) = figures.panels(1, height=2.8)
figures.convention_bars(ax, values)
figures.show()

# %% [markdown] lang="ru"
# Предсказание одно, а «средняя мера Жаккара» меняется больше чем на 0,3. На настоящих данных разброс не
# меньше. Отдельное измерение, которого эта тетрадь не повторяет: четыре фотографии VOC, предсказания
# обученной сети, 21 класс. Получилось 0,454 по правилу этой лекции; 0,173, если отсутствующий класс считать
# нулём; 0,792, если единицей; 0,605 по классам, которые есть в истине; 0,814 одной дробью по всем классам;
# 0,929, если считать по изображениям и потом усреднять; 0,415, если принять 255 за фон.
#
# **Правило этого курса:** суммы — по всему набору, 255 не считается нигде, класс, которого нет ни в
# истине, ни в предсказании, получает NaN и в среднее не входит. Пакеты складываются матрицами ошибок, а не
# усреднением готовых значений. Публикуя число, назовите правило, по которому оно получено.
#
# Передвиньте ползунок. Когда набор вырастет и отсутствующих классов не останется, правила о них
# сойдутся с нашим; остальные так и будут давать другое число.

# %% [markdown] lang="en"
# There is one prediction, and its "mean Jaccard" moves by more than 0.3. On real data the spread is no
# smaller. A separate measurement, which this notebook does not repeat: four photographs of VOC, the
# predictions of a trained network, 21 classes. It gave 0.454 by the rule of this lecture; 0.173 with an
# absent class as zero; 0.792 with it as one; 0.605 over the classes of the truth; 0.814 as one fraction
# over all classes; 0.929 per image and then averaged; 0.415 with 255 taken for background.
#
# **The rule of this course:** the sums run over the whole set, 255 counts nowhere, a class that
# neither the truth nor the prediction holds gets NaN and stays out of the mean. Batches are added
# up as confusion matrices; finished values are never averaged. When you publish a number, name the
# rule that it was computed by.
#
# Move the slider. Once the set has grown and no class is absent, the rules about absent classes agree with
# ours; the others go on giving another number.

# %%
values = conventions(predicted, truth, K)
if built_in:
    assert values["absent_0"] == values["absent_1"] == values["data_set"]
    assert values["micro"] > values["data_set"] + 0.2
figures.convention_figure(conventions, predicted, truth, K)

# %% [markdown] lang="ru"
# <details><summary><b>Вопрос.</b> В первом пакете класс $k$ угадан на 1 пиксель из 1, во втором — на 0 из
# 99. Чему равна $J_k$ по набору и чему — среднее по пакетам?</summary>
#
# По набору: пересечение 1, объединение 100, $J_k = 0{,}01$. Среднее по пакетам:
# $(1 + 0) / 2 = 0{,}5$. Среднее дробей — не дробь сумм, и зависит оно от того, как набор разбили на
# пакеты.
#
# </details>

# %% [markdown] lang="en"
# <details><summary><b>Question.</b> In the first batch class $k$ is right on 1 pixel of 1, in the
# second on 0 of 99. What is $J_k$ over the set, and what is the mean over the batches?</summary>
#
# Over the set: intersection 1, union 100, $J_k = 0.01$. The mean over batches: $(1 + 0) / 2 = 0.5$.
# A mean of fractions is not the fraction of sums, and it depends on how the set was cut into batches.
#
# </details>

# %% [markdown] lang="ru"
# ## Жаккар и Дайс
#
# В медицине чаще считают коэффициент Дайса: удвоенное пересечение делят на сумму площадей. Он связан с
# мерой Жаккара взаимно однозначно: $D = 2J / (1 + J)$.
#
# **Предскажите:** раз связь взаимно однозначна, всегда ли обе метрики назовут лучшей одну и ту же сеть?

# %% [markdown] lang="en"
# ## Jaccard and Dice
#
# Medicine prefers the Dice coefficient: twice the intersection over the sum of the two areas. It is a
# one-to-one function of the Jaccard index: $D = 2J / (1 + J)$.
#
# **Predict:** since each determines the other, do both metrics always call the same network the best?

# %%
steady, uneven = torch.tensor([0.50, 0.50]), torch.tensor([0.10, 0.92])  # J of two classes
assert uneven.mean() > steady.mean()  # by Jaccard
assert (2 * uneven / (1 + uneven)).mean() < (2 * steady / (1 + steady)).mean()  # by Dice

left, right = figures.panels(2, height=2.8)
figures.dice_curve(left)
figures.jaccard_and_dice_bars(right, steady, uneven)
figures.show()

# %% [markdown] lang="ru"
# Для одного класса порядок всегда один и тот же. Для среднего по классам — нет: Дайс мягче к плохим
# маскам, и порядок сетей может смениться на обратный. Сравнивать значения двух метрик между собой нельзя
# вовсе: всегда $D \ge J$.

# %% [markdown] lang="en"
# For one class the order is always the same. For a mean over classes it is not: Dice is kinder to poor
# masks, and the mean can reverse the order. Values of the two must never be compared with each
# other: $D \ge J$ always.

# %% [markdown] lang="ru"
# ## Ошибка на границе и размер объекта
#
# Пусть сеть нашла каждый объект, но провела границу на 1, 2 или 3 пикселя дальше, чем нужно.
#
# **Предскажите:** какой будет мера Жаккара у круга радиуса 4, если граница ушла наружу на один пиксель? А
# у круга радиуса 32?

# %% [markdown] lang="en"
# ## An error at the border and the size of the object
#
# Suppose the network finds every object, but draws its border 1, 2 or 3 pixels too far out.
#
# **Predict:** what will the Jaccard index be for a disc of radius 4 with its border out by one pixel?
# And for a disc of radius 32?

# %%
radii, errors = [4, 8, 16, 32], [1, 2, 3]
blank = np.zeros((81, 81), dtype=np.uint8)
measured = {}
for error in errors:
    discs = [figures.brushed(blank, 40, 40, r, 1) for r in radii]
    wider = [figures.brushed(blank, 40, 40, r + error, 1) for r in radii]
    measured[error] = [(d & w).sum() / (d | w).sum() for d, w in zip(discs, wider)]
    formula = [(r / (r + error)) ** 2 for r in radii]
    assert np.allclose(measured[error], formula, atol=0.04)
assert measured[1][0] < 0.7 < 0.9 < measured[1][-1]

# %%
(ax,) = figures.panels(1, height=2.6)
figures.border_curves(ax, radii, measured)
figures.show()

# %% [markdown] lang="ru"
# У круга радиуса $r$ с границей, сдвинутой наружу на $d$, мера Жаккара примерно $(r / (r + d))^2$. Ошибка в
# один пиксель оставляет малому кругу меньше 0,7, а большому — больше 0,9. Поэтому классы мелких и тонких
# объектов тянут среднее вниз, и поэтому же спорную полосу у границы помечают 255: иначе метрика измеряла бы
# твёрдость руки разметчика.

# %% [markdown] lang="en"
# For a disc of radius $r$ whose border is out by $d$ the Jaccard index is about $(r / (r + d))^2$. An error
# of one pixel leaves the small disc less than 0.7 and the large one more than 0.9. That is why classes of
# small and thin objects pull the mean down, and also why the doubtful strip along the border is marked 255:
# otherwise the metric would measure how steady the annotator's hand was.

# %% [markdown] lang="ru"
# ## Проверьте себя
#
# <details><summary>1. Почему столбец изображений в таблице VOC не даёт в сумме размера набора?</summary>
#
# На изображении бывает несколько классов, и оно посчитано в строке каждого из них.
#
# </details>
#
# <details><summary>2. Доля верных пикселей 0,97. Что это говорит о редких классах?</summary>
#
# Ничего. Если фон занимает 97 % пикселей, столько же получит ответ «везде фон».
#
# </details>
#
# <details><summary>3. Класса нет в истине, но сеть предсказала его в десяти пикселях. Чему равна
# $J_k$?</summary>
#
# Нулю: пересечение 0, объединение 10. Это не $0/0$, и в среднее этот нуль входит.
#
# </details>
#
# <details><summary>4. В статье напечатаны меры Жаккара двадцати классов VOC и среднее по ним и фону. Как
# узнать меру для фона?</summary>
#
# Среднее берётся по 21 классу, значит, мера для фона равна 21 · среднее − сумма двадцати. Так можно
# проверить и то, входит ли фон в среднее.
#
# </details>

# %% [markdown] lang="en"
# ## Check yourself
#
# <details><summary>1. Why does the image column of VOC's table not sum to the size of the set?</summary>
#
# An image can hold several classes and is counted in the row of each.
#
# </details>
#
# <details><summary>2. Pixel accuracy is 0.97. What does that say about rare classes?</summary>
#
# Nothing. If the background takes 97%, the answer "background everywhere" gets as much.
#
# </details>
#
# <details><summary>3. A class is not in the truth, but the network predicts it in ten pixels. What is
# $J_k$?</summary>
#
# Zero: intersection 0, union 10. That is not $0/0$, and this zero enters the mean.
#
# </details>
#
# <details><summary>4. A paper prints the Jaccard indices of VOC's twenty classes and the mean over them
# and the background. How can you find the background's?</summary>
#
# The mean is over 21 classes, so the background's is 21 · mean − the sum of the twenty. This also tells
# whether the background is in the mean at all.
#
# </details>

# %% [markdown] lang="ru"
# ## Итоги
#
# - Семантическая сегментация — классификация каждого пикселя. Экземпляров она не различает; 255 — не класс.
# - Одно размеченное изображение содержит на порядки больше информации, чем метка класса, поэтому хватает
#   небольших выборок. Но пиксели одного изображения зависимы.
# - Доля верных пикселей держится на частом классе. Мера Жаккара даёт голос каждому классу.
# - «Средняя мера Жаккара» — не одно число, пока не названо правило. Наше: по набору, без 255, без классов,
#   которых нет нигде.
# - Ошибка на границе дороже обходится малым объектам.
#
# **Дальше:** лекция 05 о функции потерь, затем задание `metrics_and_loss`: статистика VOC, доля верных
# пикселей, мера Жаккара и её среднее, softmax и перекрёстная энтропия.
#
# **Источники**
# - M. Everingham, L. Van Gool, C. K. I. Williams, J. Winn, A. Zisserman. The PASCAL Visual Object Classes
#   (VOC) Challenge. *International Journal of Computer Vision* 88 (2010), 303–338.
# - M. Everingham, J. Winn. The PASCAL Visual Object Classes Challenge 2012 (VOC2012) Development Kit, 2012.
# - J. Long, E. Shelhamer, T. Darrell. Fully Convolutional Networks for Semantic Segmentation. CVPR 2015,
#   [arXiv:1411.4038](https://arxiv.org/abs/1411.4038).
# - F. Yu, V. Koltun. Multi-Scale Context Aggregation by Dilated Convolutions. ICLR 2016,
#   [arXiv:1511.07122](https://arxiv.org/abs/1511.07122).

# %% [markdown] lang="en"
# ## Summary
#
# - Semantic segmentation is classification of every pixel. It does not tell instances apart; 255 is not
#   a class.
# - One annotated image says orders of magnitude more than a class label, so small sets suffice. But the
#   pixels of one image depend on each other.
# - Pixel accuracy rests on the frequent class. The Jaccard index gives every class a vote.
# - "Mean Jaccard" is not a number until its rule is named. Ours: over the set, without 255, without
#   classes that occur nowhere.
# - An error at the border costs small objects more.
#
# **Next:** lecture 05 on the loss, then the assignment `metrics_and_loss`: VOC's statistics, pixel
# accuracy, the Jaccard index and its mean, softmax and cross-entropy.
#
# **Papers**
# - M. Everingham, L. Van Gool, C. K. I. Williams, J. Winn, A. Zisserman. The PASCAL Visual Object Classes
#   (VOC) Challenge. *International Journal of Computer Vision* 88 (2010), 303–338.
# - M. Everingham, J. Winn. The PASCAL Visual Object Classes Challenge 2012 (VOC2012) Development Kit, 2012.
# - J. Long, E. Shelhamer, T. Darrell. Fully Convolutional Networks for Semantic Segmentation. CVPR 2015,
#   [arXiv:1411.4038](https://arxiv.org/abs/1411.4038).
# - F. Yu, V. Koltun. Multi-Scale Context Aggregation by Dilated Convolutions. ICLR 2016,
#   [arXiv:1511.07122](https://arxiv.org/abs/1511.07122).
