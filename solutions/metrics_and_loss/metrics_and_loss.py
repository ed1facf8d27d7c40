# %% [markdown] lang="ru"
# # Метрики и функция потерь семантической сегментации
#
# **После этого задания вы сможете**
# - прочитать разметку PASCAL VOC из файлов и посчитать по ней таблицу из лекции;
# - написать долю верных пикселей и меру Жаккара так, чтобы было ясно, какие пиксели в них вошли;
# - написать softmax и кросс-энтропию, которые не ломаются на больших числах и не учатся на
#   неразмеченных пикселях.
#
# **Время:** около двух часов. Упражнения идут от простых к сложным, четвёртое опирается на третье, шестое — на пятое.
#
# **Как устроена проверка.** Под каждым решением стоит ячейка с `check(...)`. Запускайте её сколько угодно раз:
# она скажет, что не так, и покажет самый маленький пример, на котором ответ расходится с верным. При
# выставлении оценки те же проверки пройдут на других данных.
#
# **Правила.** Пишите код на месте строки `raise NotImplementedError()`; свои вспомогательные функции
# можно добавлять где угодно. Готовые метрики (`torchmetrics`, `jaccard_score`), готовые потери
# (`F.cross_entropy`), в пятом упражнении и готовый softmax, а также функции из `course_utils.reference` в
# решении использовать нельзя: смысл задания в том, чтобы один раз пройти через все подробности самому.
# Сравнивать с ними свой ответ в отдельной ячейке можно и полезно.
# При выставлении оценки есть стандартная библиотека Python, `torch`, `torchvision`, `numpy`, `matplotlib`,
# `PIL` и `tqdm`; других библиотек (`pandas`, `cv2`) и GPU там нет.

# %% [markdown] lang="en"
# # Metrics and loss of semantic segmentation
#
# **After this assignment you will be able to**
# - read PASCAL VOC's annotation from its files and count the lecture's table from it;
# - write pixel accuracy and Jaccard's measure so that it is clear which pixels went into them;
# - write a softmax and a cross-entropy that survive large numbers and learn nothing from unlabelled
#   pixels.
#
# **Time:** about two hours. The exercises grow harder; the fourth leans on the third, the sixth on the fifth.
#
# **How checking works.** Under each solution there is a cell with `check(...)`. Run it as often as you
# like: it says what is wrong and shows the smallest example on which your answer departs from the right
# one. For the mark, the same checks run on other data.
#
# **Rules.** Write your code in place of `raise NotImplementedError()`; add helper functions of your own
# anywhere. Ready-made metrics (`torchmetrics`, `jaccard_score`), ready-made losses
# (`F.cross_entropy`), in the fifth exercise a ready-made softmax, and the functions of
# `course_utils.reference` may not be used in a solution: the point is to have gone through every
# detail once yourself. Comparing your answer with them in a cell of your own is allowed, and wise.
# Where hand-ins are graded there are Python's own library, `torch`, `torchvision`, `numpy`, `matplotlib`,
# `PIL` and `tqdm`; no other libraries (no `pandas`, no `cv2`) and no GPU.

# %%
import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from course_utils.data import VOC_CLASSES, VOID

print(len(VOC_CLASSES), VOC_CLASSES[:2], VOC_CLASSES[-1])
print(f"{VOID = }")

# %% [markdown] lang="ru"
# ## 1. Таблица VOC из файлов
# *25 минут*
#
# В лекции есть таблица: сколько изображений и объектов каждого класса в PASCAL VOC 2012. Получите её
# из файлов.
#
# ```
# root/VOCdevkit/VOC2012/ImageSets/Segmentation/train.txt    имена изображений, по одному в строке
#                        SegmentationClass/ИМЯ.png           метка класса в каждом пикселе
#                        SegmentationObject/ИМЯ.png          номер объекта в каждом пикселе
# ```
#
# Маски — PNG с палитрой: значение пикселя и есть метка, цвет — только для глаз. Метка 0 — фон,
# метка $k$ — класс `VOC_CLASSES[k - 1]`, 255 — граница объекта, её никто не размечал. Объекты изображения
# пронумерованы подряд, независимо от класса.
#
# Пример. Слева классы, справа объекты:
#
# ```
# 15 15 15  0  0        1  1  2  0  0
# 15 15 15  0  7        1  1  2  0  3
# ```
#
# Здесь два человека (15 — `person`) стоят вплотную, рядом автомобиль (7 — `car`). Для `person`
# ответ `(1, 2)`: одно изображение, два объекта. Для `car` — `(1, 1)`, для остальных — `(0, 0)`.

# %% [markdown] lang="en"
# ## 1. VOC's table from the files
# *25 minutes*
#
# The lecture has a table: how many images and objects of each class there are in PASCAL VOC 2012. Get it
# out of the files.
#
# ```
# root/VOCdevkit/VOC2012/ImageSets/Segmentation/train.txt    names of images, one a line
#                        SegmentationClass/NAME.png          label of the class at each pixel
#                        SegmentationObject/NAME.png         number of the object at each pixel
# ```
#
# The masks are PNGs with a palette: the pixel's value is the label, its colour is for the eye only. Label 0
# is background, label $k$ is the class `VOC_CLASSES[k - 1]`, 255 is an object's border that nobody
# labelled. The objects of an image are numbered on and on, whatever their class.
#
# An example. Classes on the left, objects on the right:
#
# ```
# 15 15 15  0  0        1  1  2  0  0
# 15 15 15  0  7        1  1  2  0  3
# ```
#
# Two people (15 is `person`) stand side by side, with a car (7 is `car`) near them. For `person` the
# answer is `(1, 2)`: one image, two objects. For `car` it is `(1, 1)`, for the others `(0, 0)`.


# %% exercise="voc_statistics"
def voc_statistics(root, image_set):
    """Count the images and the objects of each class in an image set.

    root: path (str) of the folder that holds VOCdevkit/VOC2012.
    image_set: "train", "val" or "trainval", the list of names to count.
    Returns a dict: name of each class of VOC_CLASSES -> (images, objects).
    """
    ### BEGIN SOLUTION
    folder = Path(root) / "VOCdevkit" / "VOC2012"
    listed = folder / "ImageSets" / "Segmentation" / f"{image_set}.txt"
    counts = dict.fromkeys(VOC_CLASSES, (0, 0))
    for image in listed.read_text().split():
        classes = np.array(Image.open(folder / "SegmentationClass" / f"{image}.png"))
        objects = np.array(Image.open(folder / "SegmentationObject" / f"{image}.png"))
        for k, name in enumerate(VOC_CLASSES, start=1):
            numbers = np.unique(objects[classes == k])
            if len(numbers) > 0:
                images_before, objects_before = counts[name]
                counts[name] = (images_before + 1, objects_before + len(numbers))
    return counts
    ### END SOLUTION


# %% check="voc_statistics"
check("voc_statistics", voc_statistics)

# %% [markdown] lang="ru"
# <details><summary>Все нули, хотя файлы читаются</summary>
#
# Посмотрите на `np.unique` прочитанной маски. Если там 38, 75, 113, вы превратили цвета в оттенки серого.
# `np.array(Image.open(path))` без преобразований даёт метки.
# </details>
# <details><summary>Объектов меньше, чем нужно</summary>
#
# Объект 1 первого изображения и объект 1 второго — разные. А два объекта, которые соприкасаются, на маске классов
# сливаются в одно пятно: считайте по номерам, а не по пятнам.
# </details>
# <details><summary>Объектов больше, чем нужно</summary>
#
# Номера в изображении общие для всех классов. Какие номера встречаются именно там, где стоит метка $k$?
# </details>
# <details><summary>IndexError на метке 255</summary>
#
# 255 не класс и не объект. Если идти по двадцати классам, а не по всем значениям маски, оно не встретится.
# </details>

# %% [markdown] lang="en"
# <details><summary>All zeros, although the files are read</summary>
#
# Look at `np.unique` of the mask that you read. If it shows 38, 75, 113, you turned colours into shades of
# grey. `np.array(Image.open(path))` without any conversion gives the labels.
# </details>
# <details><summary>Too few objects</summary>
#
# Object 1 of the first image and object 1 of the second are two. And two objects that touch melt into one
# blot of the class mask: count numbers, not blots.
# </details>
# <details><summary>Too many objects</summary>
#
# The numbers of an image are shared by all classes. Which numbers occur just where the label is $k$?
# </details>
# <details><summary>IndexError at label 255</summary>
#
# 255 is neither a class nor an object. Walk over the twenty classes instead of over all values of the mask,
# and you never meet it.
# </details>

# %% [markdown] lang="ru"
# ## 2. Доля верных пикселей
# *5 минут*
#
# $$L(y, a) = \frac{1}{n} \sum_{i=1}^n [y_i = a_i]$$
#
# $y_i$ — истинная метка пикселя $i$, $a_i$ — предсказанная, а $n$ — число **размеченных** пикселей. Там, где
# $y_i = 255$, верного ответа никто не знает: такие пиксели не входят ни в сумму, ни в $n$. Если изображений
# несколько, сумма идёт по пикселям всех сразу.
#
# Пример: пять пикселей, размечены четыре, верны три.

# %% [markdown] lang="en"
# ## 2. Pixel accuracy
# *5 minutes*
#
# $$L(y, a) = \frac{1}{n} \sum_{i=1}^n [y_i = a_i]$$
#
# $y_i$ is the true label of pixel $i$, $a_i$ the predicted one, and $n$ is the number of **labelled** pixels.
# Where $y_i = 255$ nobody knows the right answer: such pixels are in neither the sum nor $n$. With
# several images the sum runs over the pixels of all of them at once.
#
# An example: five pixels, four of them labelled, three of them right.

# %%
y = torch.tensor([0, 0, 1, 1, VOID])
a = torch.tensor([0, 1, 1, 1, 1])
right = (y == a).tolist()
n = (y != VOID).sum().item()  # labelled
print(right, sum(right), "/", n)


# %% exercise="pixel_accuracy"
def pixel_accuracy(predicted, truth):
    """Share of the labelled pixels whose class is right, from 0 to 1.

    predicted, truth: (N, H, W) tensors of labels, any integer dtype; truth may hold VOID.
    At least one pixel is labelled. Returns a float.
    """
    ### BEGIN SOLUTION
    labelled = truth != VOID
    return (predicted == truth)[labelled].float().mean().item()
    ### END SOLUTION


# %% check="pixel_accuracy"
check("pixel_accuracy", pixel_accuracy)

# %% [markdown] lang="ru"
# <details><summary>Ответ меньше верного, и только если есть 255</summary>
#
# Пиксели 255 остались в знаменателе. Сколько пикселей размечено: `truth.numel()` или меньше?
# </details>
# <details><summary>Расходится только на двух изображениях</summary>
#
# Размеченных пикселей в изображениях не поровну. Среднее из двух долей — не доля от общего числа.
# </details>
# <details><summary>RuntimeError: mean(): could not infer output dtype</summary>
#
# У логического тензора нет среднего. Сначала сделайте из него числа или сложите и поделите сами.
# </details>

# %% [markdown] lang="en"
# <details><summary>The answer is too small, and only where there is 255</summary>
#
# Pixels with 255 are still in the denominator. How many pixels are labelled: `truth.numel()`, or fewer?
# </details>
# <details><summary>Only two images go wrong</summary>
#
# The images don't have equally many labelled pixels. The mean of two shares is not the share of the whole.
# </details>
# <details><summary>RuntimeError: mean(): could not infer output dtype</summary>
#
# A tensor of booleans has no mean. Make numbers of it first, or add up and divide yourself.
# </details>

# %% [markdown] lang="ru"
# ## 3. Мера Жаккара для каждого класса
# *20 минут*
#
# $$J_k(y, a) = \frac{\sum_{i=1}^n [y_i = k][a_i = k]}{\sum_{i=1}^n \max([y_i = k], [a_i = k])}$$
#
# В числителе пиксели, где класс $k$ и есть, и предсказан; в знаменателе — где он есть **или** предсказан.
# Суммы идут по размеченным пикселям всех изображений сразу. Если класса нет ни в разметке, ни в
# предсказании, получается $0/0$: ответ для него — `nan`, ни ноль, ни единица.
#
# Пример: $K = 3$, шесть пикселей, последний не размечен.
#
# | | | | | | | |
# |---|---|---|---|---|---|---|
# | $y$ | 0 | 0 | 0 | 1 | 1 | 255 |
# | $a$ | 0 | 0 | 1 | 1 | 0 | 2 |
#
# $J_0 = 2/4$: класс 0 найден в двух пикселях, а есть или предсказан в четырёх. $J_1 = 1/3$. Класс 2
# предсказан только там, где разметки нет, значит, $J_2$ — `nan`.

# %% [markdown] lang="en"
# ## 3. Jaccard's measure of each class
# *20 minutes*
#
# $$J_k(y, a) = \frac{\sum_{i=1}^n [y_i = k][a_i = k]}{\sum_{i=1}^n \max([y_i = k], [a_i = k])}$$
#
# Above are the pixels where class $k$ is there and predicted; below, those where it is there **or** predicted.
# The sums run over the labelled pixels of all images at once. For a class that is neither in the truth nor
# in the prediction this is $0/0$: the answer for it is `nan`, neither zero nor one.
#
# An example: $K = 3$, six pixels, the last one not labelled.
#
# | | | | | | | |
# |---|---|---|---|---|---|---|
# | $y$ | 0 | 0 | 0 | 1 | 1 | 255 |
# | $a$ | 0 | 0 | 1 | 1 | 0 | 2 |
#
# $J_0 = 2/4$: class 0 is found in two pixels, and is there or predicted in four. $J_1 = 1/3$. Class 2
# is predicted only where nothing is labelled, so $J_2$ is `nan`.


# %% exercise="jaccard"
def jaccard(predicted, truth, num_classes):
    """Jaccard's measure of each class.

    predicted, truth: (N, H, W) tensors of labels, any integer dtype; truth may hold VOID.
    num_classes: K; the labels are 0..K-1.
    Returns a (K,) tensor of floats, NaN for a class that neither of the two holds.
    """
    ### BEGIN SOLUTION
    labelled = truth != VOID
    y, a = truth[labelled].long(), predicted[labelled].long()
    cells = torch.bincount(y * num_classes + a, minlength=num_classes**2)
    counts = cells.reshape(num_classes, num_classes)
    both = counts.diagonal()
    either = counts.sum(dim=0) + counts.sum(dim=1) - both
    return both / either
    ### END SOLUTION


# %% check="jaccard"
check("jaccard", jaccard)

# %% [markdown] lang="ru"
# <details><summary>Все числа больше верных</summary>
#
# Проверьте знаменатель на примере из условия. Пиксель, в котором класс и есть, и предсказан, входит в
# объединение один раз. Мера Дайса считает его дважды.
# </details>
# <details><summary>Расходится, только если есть 255</summary>
#
# Отбросить нужно те пиксели, где `truth` равно 255, — и из разметки, и из предсказания. Иначе предсказанное
# на них останется в объединении.
# </details>
# <details><summary>Вместо nan получается 0, 1 или ошибка деления</summary>
#
# Деление тензоров $0/0$ само даёт `nan`, а деление чисел Python — ошибку. Добавка вроде `1e-6` прячет
# `nan` за произвольным числом.
# </details>
# <details><summary>Расходится только на uint8</summary>
#
# В `uint8` $15 \cdot 21$ — это 59. Прежде чем умножать метки, сделайте из них `int64`.
# </details>

# %% [markdown] lang="en"
# <details><summary>All numbers are too large</summary>
#
# Try your denominator on the example above. A pixel where the class is both there and predicted is in the
# union once. Dice's coefficient counts it twice.
# </details>
# <details><summary>It goes wrong only where there is 255</summary>
#
# The pixels to drop are those where `truth` is 255, from the truth and from the prediction. Otherwise
# what is predicted on them stays in the union.
# </details>
# <details><summary>0, 1 or a division error in place of nan</summary>
#
# Tensors divide $0/0$ into `nan` by themselves, Python's numbers raise an error. An addition like `1e-6`
# hides the `nan` behind an arbitrary number.
# </details>
# <details><summary>Only uint8 goes wrong</summary>
#
# In `uint8`, $15 \cdot 21$ is 59. Make the labels `int64` before you multiply them.
# </details>

# %% [markdown] lang="ru"
# ## 4. Средняя мера Жаккара по выборке
# *15 минут*
#
# Выборка не помещается в память и приходит батчами; размеры батчей и изображений бывают разными. Мера считается
# **по всей выборке**: пиксели складываются по всем батчам, и только потом для каждого класса берётся отношение
# и среднее по классам, которые встретились. Класс, которого нет нигде, в среднее не входит.
#
# Порядок важен. Пусть у одного класса в первом изображении найден 1 пиксель из 1, а во втором — 1 из 9.
# Среднее по изображениям даёт $(1/1 + 1/9)/2 \approx 0{,}56$, по выборке выходит $(1 + 1)/(1 + 9) = 0{,}2$.

# %% [markdown] lang="en"
# ## 4. Mean Jaccard over a data set
# *15 minutes*
#
# A data set doesn't fit into memory and comes in batches; batches and images may differ in size. The measure is
# counted **over the whole set**: pixels are added up over all batches, and only then comes the ratio for each
# class and the mean over the classes that occurred. A class that is nowhere is left out of the mean.
#
# The order matters. Let 1 pixel of 1 be found for some class in the first image and 1 of 9 in the second.
# The mean over images gives $(1/1 + 1/9)/2 \approx 0.56$, the whole set $(1 + 1)/(1 + 9) = 0.2$.


# %% exercise="mean_jaccard"
def mean_jaccard(batches, num_classes):
    """Mean Jaccard over a data set that comes in batches.

    batches: list of (predicted, truth), each (N, H, W) as in `jaccard`; N, H and W may differ
        from batch to batch.
    num_classes: K. Returns a float: the mean over the classes that occur.
    """
    ### BEGIN SOLUTION
    classes = torch.arange(num_classes)
    both = torch.zeros(num_classes, dtype=torch.long)
    either = torch.zeros(num_classes, dtype=torch.long)
    for predicted, truth in batches:
        labelled = truth != VOID
        y = truth[labelled].unsqueeze(1) == classes  # (pixels, K)
        a = predicted[labelled].unsqueeze(1) == classes
        both += (y & a).sum(dim=0)
        either += (y | a).sum(dim=0)
    return (both / either).nanmean().item()
    ### END SOLUTION


# %% check="mean_jaccard"
check("mean_jaccard", mean_jaccard)

# %% [markdown] lang="ru"
# <details><summary>Один батч — верно, два — нет</summary>
#
# Складывать нужно числители и знаменатели, а не отношения. Функция `jaccard` отдаёт отношения, поэтому вызвать её на
# каждом батче и усреднить не получится.
# </details>
# <details><summary>Получается nan</summary>
#
# Где-то нет ни одного пикселя класса. `mean` от `nan` — `nan`; посмотрите на `torch.nanmean`.
# </details>
# <details><summary>Тензоры нельзя сложить или склеить</summary>
#
# Изображения разного размера складываются, когда от них остались только числа по классам, формы `(K,)`.
# </details>

# %% [markdown] lang="en"
# <details><summary>One batch is right, two are not</summary>
#
# Add up numerators and denominators, not ratios. Your `jaccard` returns ratios, so calling it on
# every batch and averaging won't do.
# </details>
# <details><summary>The answer is nan</summary>
#
# Some class has no pixel at all. The `mean` of a `nan` is `nan`; look at `torch.nanmean`.
# </details>
# <details><summary>Tensors can't be added or joined</summary>
#
# Images of different size can be added once only numbers a class are left of them, of shape `(K,)`.
# </details>

# %% [markdown] lang="ru"
# ## 5. Softmax, который не переполняется
# *15 минут*
#
# Если модель выдаёт в $i$-м пикселе числа $b_{i1}, \dots, b_{iK}$, вероятности из них получаются так:
#
# $$a_{ik} = \frac{\exp(b_{ik})}{\sum_{m=1}^K \exp(b_{im})}$$
#
# Для $b_i = (0, \ln 3)$ это $a_i = (1/4, 3/4)$. Для $b_i = (2000, 2000 + \ln 3)$ по той же формуле
# на бумаге выходит то же самое, а на компьютере — вот что:

# %% [markdown] lang="en"
# ## 5. A softmax that doesn't overflow
# *15 minutes*
#
# If the model gives numbers $b_{i1}, \dots, b_{iK}$ at pixel $i$, probabilities are made of them so:
#
# $$a_{ik} = \frac{\exp(b_{ik})}{\sum_{m=1}^K \exp(b_{im})}$$
#
# For $b_i = (0, \ln 3)$ that is $a_i = (1/4, 3/4)$. For $b_i = (2000, 2000 + \ln 3)$ the formula
# gives the same on paper, and on a computer this:

# %%
b = torch.tensor([2000.0, 2000.0 + math.log(3)])
print(b.exp(), b.exp() / b.exp().sum())

# %% [markdown] lang="ru"
# Напишите softmax по классам (ось 1) для каждого пикселя, который верен при любых конечных числах. Пригодятся `exp`,
# `sum`, `amax` с `keepdim=True`. Готовые `softmax` и `log_softmax` здесь запрещены.

# %% [markdown] lang="en"
# Write a softmax over the classes (axis 1) at every pixel that is right for any finite numbers. `exp`,
# `sum`, `amax` with `keepdim=True` will serve. Ready-made `softmax` and `log_softmax` are banned here.


# %% exercise="softmax"
def softmax(scores):
    """Probabilities of the classes at each pixel.

    scores: (N, K, H, W) tensor of floats, the b of the formula.
    Returns a tensor of the same shape that sums to 1 over axis 1. `scores` stays as it was.
    """
    ### BEGIN SOLUTION
    largest = scores.amax(dim=1, keepdim=True)
    exponents = (scores - largest).exp()
    return exponents / exponents.sum(dim=1, keepdim=True)
    ### END SOLUTION


# %% check="softmax"
check("softmax", softmax)

# %% [markdown] lang="ru"
# <details><summary>nan на больших числах</summary>
#
# Что станет с дробью, если из всех $b_{ik}$ одного пикселя вычесть одно и то же число? Какое число сделает
# все показатели неположительными?
# </details>
# <details><summary>nan только там, где рядом пиксель с огромными числами</summary>
#
# Один максимум на всё изображение слишком велик для остальных пикселей: у них все экспоненты обращаются в ноль. Максимум нужен
# свой в каждом пикселе.
# </details>
# <details><summary>Ошибка про размеры при вычитании или делении</summary>
#
# После `amax(dim=1)` форма `(N, H, W)`, и она не сочетается с `(N, K, H, W)`. С `keepdim=True` останется
# `(N, 1, H, W)`.
# </details>
# <details><summary>Ответ верный, но аргумент изменён</summary>
#
# `-=`, `exp_` и другие операции с подчёркиванием пишут прямо в тензор, который вам дали.
# </details>

# %% [markdown] lang="en"
# <details><summary>nan at large numbers</summary>
#
# What becomes of the fraction when one and the same number is subtracted from all $b_{ik}$ of a pixel? Which
# number leaves no exponent above zero?
# </details>
# <details><summary>nan only beside a pixel with huge numbers</summary>
#
# One maximum for the whole image is too large for the other pixels: all their exponentials become zero. Each pixel
# needs a maximum of its own.
# </details>
# <details><summary>An error about sizes when subtracting or dividing</summary>
#
# After `amax(dim=1)` the shape is `(N, H, W)`, which doesn't go with `(N, K, H, W)`. With `keepdim=True` it
# stays `(N, 1, H, W)`.
# </details>
# <details><summary>The answer is right, but the argument was changed</summary>
#
# `-=`, `exp_` and other operations with an underscore write right into the tensor that you were given.
# </details>

# %% [markdown] lang="ru"
# ## 6. Категориальная кросс-энтропия
# *25 минут*
#
# В лекции для одного изображения записано
#
# $$L(y, a) = \sum_{i=1}^n \sum_{k=1}^K [y_i = k] \log a_{ik}$$
#
# Это логарифм правдоподобия: чем он больше, тем лучше. Функцию потерь минимизируют, поэтому нужен минус, а чтобы шаг обучения
# не зависел от размера изображения, сумму делят на $n$ — число размеченных пикселей батча. Пиксели 255
# не входят ни в сумму, ни в $n$.
#
# Пример: два пикселя, вероятности верных классов $1/2$ и $1/8$. Потери равны
# $(\ln 2 + \ln 8)/2 = 2 \ln 2 \approx 1{,}386$.
#
# Вероятность может округлиться до нуля, а $\log 0 = -\infty$. Поэтому сначала возьмите логарифм от формулы softmax на
# бумаге. Softmax, `log_softmax` и `logsumexp` здесь разрешены, готовые потери — нет. По ответу должен
# считаться градиент.

# %% [markdown] lang="en"
# ## 6. Categorical cross-entropy
# *25 minutes*
#
# For one image the lecture writes
#
# $$L(y, a) = \sum_{i=1}^n \sum_{k=1}^K [y_i = k] \log a_{ik}$$
#
# That is a log-likelihood: the larger, the better. A loss is minimised, hence a minus; and to keep the
# learning rate independent of the size of the image, the sum is divided by $n$, the number of labelled pixels of the
# batch. Pixels with 255 are in neither the sum nor $n$.
#
# An example: two pixels, probabilities of the true classes $1/2$ and $1/8$. The loss is
# $(\ln 2 + \ln 8)/2 = 2 \ln 2 \approx 1.386$.
#
# A probability may round to zero, and $\log 0 = -\infty$. So take the logarithm of softmax's formula on
# paper first. Softmax, `log_softmax` and `logsumexp` are allowed here, ready-made losses are not. The
# answer must have a gradient.


# %% exercise="cross_entropy"
def cross_entropy(scores, truth):
    """Mean of -log(probability of the true class) over the labelled pixels.

    scores: (N, K, H, W) tensor of floats, before softmax.
    truth: (N, H, W) tensor of labels 0..K-1 or VOID, any integer dtype; some are labelled.
    Returns a scalar tensor, differentiable in the scores.
    """
    ### BEGIN SOLUTION
    labelled = truth != VOID
    classes = truth.long().masked_fill(~labelled, 0)  # any class: dropped below
    log_a = scores - scores.logsumexp(dim=1, keepdim=True)
    log_of_truth = log_a.gather(1, classes.unsqueeze(1)).squeeze(1)  # (N, H, W)
    return -log_of_truth[labelled].mean()
    ### END SOLUTION


# %% check="cross_entropy"
check("cross_entropy", cross_entropy)

# %% [markdown] lang="ru"
# <details><summary>Число верное, но с другим знаком</summary>
#
# Логарифм вероятности не бывает положительным, а потери — отрицательными.
# </details>
# <details><summary>Ошибка индекса или one_hot на метке 255</summary>
#
# Сначала решите, какие пиксели размечены. В остальных поставьте вместо 255 любой класс, посчитайте всё сразу, а в
# сумму их не берите.
# </details>
# <details><summary>inf или nan на больших числах</summary>
#
# $\log \frac{\exp(b_k)}{\sum_m \exp(b_m)}$ раскрывается в разность, и экспонента в числителе исчезает. Остаётся
# логарифм суммы экспонент; как посчитать её без переполнения, вы знаете из упражнения 5.
# </details>
# <details><summary>Значение верное, а градиента нет</summary>
#
# `item()`, `float()`, `numpy()` и `detach()` обрывают граф вычислений. Верните сам тензор.
# </details>

# %% [markdown] lang="en"
# <details><summary>The number is right but for its sign</summary>
#
# The logarithm of a probability is never positive, and a loss never negative.
# </details>
# <details><summary>An index error, or one from one_hot, at label 255</summary>
#
# First decide which pixels are labelled. In the others put any class in place of 255, compute all at once, and
# leave them out of the sum.
# </details>
# <details><summary>inf or nan at large numbers</summary>
#
# $\log \frac{\exp(b_k)}{\sum_m \exp(b_m)}$ opens into a difference, and the exponential of the numerator goes away.
# What stays is the logarithm of a sum of exponentials; exercise 5 taught you to take it without overflow.
# </details>
# <details><summary>The value is right, but there is no gradient</summary>
#
# `item()`, `float()`, `numpy()` and `detach()` cut the graph of the computation. Return the tensor itself.
# </details>

# %% [markdown] lang="ru"
# ## 7. Вопрос
# *15 минут*
#
# Модель ищет на снимках дефекты. Они занимают 2 % размеченных пикселей, а класс всего один, не считая фона. В отчёте
# сказано: «доля верных пикселей 97 %, средняя по изображениям мера Жаккара дефекта 0,93».
#
# 1. В каких пределах может лежать мера Жаккара дефекта по всей выборке, если доля верных
#    пикселей действительно равна 97 %? Что из этого следует?
# 2. Как при этом могло получиться 0,93? О чём нужно спросить автора отчёта?
# 3. Если важна мера Жаккара, почему обучают всё-таки кросс-энтропией?
#
# Ответьте в ячейке ниже, по два-три предложения на каждый пункт.

# %% [markdown] lang="en"
# ## 7. A question
# *15 minutes*
#
# A model looks for defects in pictures. They fill 2% of the labelled pixels, and there is but one class besides
# background. A report says: "pixel accuracy 97%, Jaccard's measure of the defect, averaged over images, 0.93".
#
# 1. Between what bounds can the defect's Jaccard over the whole set lie, if the pixel accuracy
#    really is 97%? What follows from that?
# 2. How could 0.93 come about all the same? What must the author of the report be asked?
# 3. If Jaccard's measure is what matters, why train with cross-entropy after all?
#
# Answer in the cell below, two or three sentences for each part.

# %% [markdown] essay="essay"
# **По-русски**
#
# 1. Ошибочны 3 % пикселей: пропуски и ложные срабатывания вместе. Если найдена доля $t \le 2\,\%$ всех пикселей, то
#    $J = t / (t + 3\,\%)$: объединение — это найденное и все ошибки. Значит, $0 \le J \le 2/5$, то есть не
#    больше 0,4, даже если найдены все дефекты. Доля верных пикселей почти ничего не говорит о
#    редком классе: ответ «всюду фон» дал бы 98 %.
# 2. На большинстве снимков дефекта нет ни в разметке, ни в ответе, и там $0/0$ посчитали за единицу; среднее по изображениям
#    близко к доле таких снимков. Спросить: считали ли по изображениям или по всей выборке, что брали вместо $0/0$,
#    что делали с неразмеченными пикселями, входил ли фон.
# 3. Мера Жаккара зависит от меток после argmax: при малом изменении весов метки не меняются, градиент почти всюду
#    равен нулю. Кросс-энтропия гладкая, её градиент есть в каждом пикселе, и она тем меньше, чем больше вероятность верного
#    класса. (Есть и гладкие приближения меры Жаккара; упомянуть их — хорошо, но не обязательно.)
#
# **In English**
#
# 1. 3% of the pixels are wrong, misses and false alarms together. If a share $t \le 2\%$ of all pixels is found,
#    $J = t / (t + 3\%)$, for the union is what was found and all errors. So $0 \le J \le 2/5$: at most 0.4,
#    even with every defect found. Pixel accuracy says next to nothing about a rare class: "background
#    everywhere" would get 98%.
# 2. Most pictures hold no defect, in truth and answer alike, and there 0/0 was taken for one; the mean over images is
#    close to the share of such pictures. To ask: over images or over the whole set, what stood for 0/0, what
#    was done with unlabelled pixels, was background in the mean.
# 3. Jaccard's measure depends on labels after argmax: a small change of the weights changes no label, so the gradient
#    is zero almost everywhere. Cross-entropy is smooth, has a gradient at every pixel, and falls as the
#    probability of the true class grows. (Smooth stand-ins for Jaccard exist; naming them is good, not required.)
#
# ### BEGIN MARK SCHEME
# **Как оценивать.** Каждый пункт — треть баллов.
#
# - Пункт 1: верхняя граница 0,4 с выводом. Половина, если граница неверна, но сказано, что при редком классе
#   доля верных пикселей высока и без единого найденного дефекта.
# - Пункт 2: назван пустой класс (0/0 принят за 1) и хотя бы один осмысленный вопрос. Половина, если сказано только
#   «среднее по изображениям — не то же, что по выборке».
# - Пункт 3: мера Жаккара не даёт градиента (argmax), кросс-энтропия даёт. Половина за «так принято» с
#   верным указанием на гладкость.
#
# **How to mark.** Each part is a third of the points.
#
# - Part 1: the upper bound 0.4, derived. Half if the bound is wrong but the answer says that with a rare class
#   pixel accuracy is high without a single defect found.
# - Part 2: the absent class (0/0 taken for 1) and at least one sensible question. Half for "a mean over images is
#   not the same as over the set" alone.
# - Part 3: Jaccard gives no gradient (argmax), cross-entropy does. Half for "it is the custom" with a right
#   remark on smoothness.
# ### END MARK SCHEME

# %% [markdown] lang="ru"
# ## Как сдать
# 1. Перезапустите среду и выполните все ячейки подряд (в Colab: *Среда выполнения → Перезапустить сеанс и
#    выполнить все*). Под каждой проверкой должна быть зелёная карточка.
# 2. Выполните последнюю ячейку: она ещё раз запустит все проверки и даст файл `metrics_and_loss.ipynb`. Можно и самому:
#    *Файл → Скачать → Скачать .ipynb*.
# 3. Загрузите файл туда, где вы получили задание. Ячейки с проверками не удаляйте и не меняйте.
#
# Не получилось какое-то упражнение — сдавайте остальные: каждое оценивается отдельно.

# %% [markdown] lang="en"
# ## How to hand in
# 1. Restart and run all cells in order (in Colab: *Runtime → Restart session and run all*). Under every
#    check there should be a green card.
# 2. Run the last cell: it runs all checks once more and gives you the file `metrics_and_loss.ipynb`. Or take it yourself:
#    *File → Download → Download .ipynb*.
# 3. Upload the file where you got the assignment. Don't delete or change the cells with checks.
#
# If some exercise did not work out, hand in the others: each is marked by itself.
