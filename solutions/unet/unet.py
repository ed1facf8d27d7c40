# %% [markdown] lang="ru"
# # U-Net
#
# **После этого задания вы сможете**
# - выполнить up-convolution вручную и сказать, какого размера будет ответ;
# - вырезать середину карты и присоединить её к другой, не потеряв градиента;
# - посчитать размеры карт на каждом уровне и узнать, годится ли вход;
# - собрать U-Net из статьи и обучить такую сеть отделять объекты от фона.
#
# **Время:** около двух с половиной часов. Упражнения идут от простых к сложным; в пятом пригодятся второе
# и четвёртое.
#
# **Как устроена проверка.** Под каждым решением стоит ячейка с `check(...)`. Запускайте её сколько угодно
# раз: она скажет, что не так, и покажет самый маленький пример, на котором ответ расходится с верным. При
# выставлении оценки те же проверки пройдут на других данных.
#
# **Правила.** Пишите код на месте строк `raise NotImplementedError()`; свои вспомогательные функции
# можно добавлять где угодно. В первом упражнении нельзя вызывать готовую транспонированную свёртку, `F.fold` и
# интерполяцию, нигде нельзя брать готовые сети для сегментации и функции из `course_utils.reference`.
# Сравнивать с ними свой ответ в отдельной ячейке можно и полезно.
# При выставлении оценки есть стандартная библиотека Python, `torch`, `torchvision`, `numpy`, `matplotlib`,
# `PIL` и `tqdm`; других библиотек (`pandas`, `cv2`) и GPU там нет.

# %% [markdown] lang="en"
# # U-Net
#
# **After this assignment you will be able to**
# - carry out an up-convolution by hand and say how large its answer is;
# - cut out the middle of a map and join it to another without losing the gradient;
# - work out the sizes of the maps at every level and tell whether an input fits;
# - build the U-Net of the paper, and train such a network to part objects from background.
#
# **Time:** about two and a half hours. The exercises grow harder; the fifth has a use for the second and the
# fourth.
#
# **How checking works.** Under each solution there is a cell with `check(...)`. Run it as often as you
# like: it says what is wrong and shows the smallest example on which your answer departs from the right
# one. For the mark, the same checks run on other data.
#
# **Rules.** Write your code in place of `raise NotImplementedError()`; add helper functions of your own
# anywhere. In the first exercise the ready transposed convolution, `F.fold` and interpolation may not be
# called; nowhere may you take ready networks for segmentation or the functions of `course_utils.reference`.
# Comparing your answer with them in a cell of your own is allowed, and wise.
# Where hand-ins are graded there are Python's own library, `torch`, `torchvision`, `numpy`, `matplotlib`,
# `PIL` and `tqdm`; no other libraries (no `pandas`, no `cv2`) and no GPU.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.data import VOID
from course_utils.data.scenes import load_scenes

# %% [markdown] lang="ru"
# ## 1. Up-convolution вручную
# *25 минут*
#
# Каждый пиксель входа ставит **штамп**: ядро, умноженное на значение пикселя. Соседние штампы сдвинуты на
# шаг $s$. Где они перекрылись, значения складываются; куда не попал ни один, там нули. Если входных каналов
# несколько, складываются и их штампы:
#
# $$Y_{b}[s i + y,\ s j + x] \mathrel{+}= \sum_a X_a[i, j]\, W_{ab}[y, x].$$
#
# Последний штамп начинается в точке $(n - 1)s$, и его длина $k$, поэтому сторона ответа — $(n - 1)s + k$.
#
# Пример. Строка $1\ 2$, ядро $3\ 4\ 5$, шаг 2 (в одном измерении):
#
# ```
# 1 · (3 4 5)        3 4  5
# 2 · (3 4 5)             6 8 10
# сумма              3 4 11 8 10
# ```
#
# Обратите внимание на оси весов: сначала входные каналы, потом выходные. У `nn.Conv2d` наоборот.

# %% [markdown] lang="en"
# ## 1. An up-convolution by hand
# *25 minutes*
#
# Every pixel of the input puts down a **stamp**: the kernel times the pixel's value. Neighbouring stamps are a
# stride $s$ apart. Where they overlap the values add up; where none fell there are zeros. With several input
# channels, their stamps add up too:
#
# $$Y_{b}[s i + y,\ s j + x] \mathrel{+}= \sum_a X_a[i, j]\, W_{ab}[y, x].$$
#
# The last stamp begins at $(n - 1)s$ and its length is $k$, so the side of the answer is $(n - 1)s + k$.
#
# An example. The row $1\ 2$, the kernel $3\ 4\ 5$, stride 2 (in one dimension):
#
# ```
# 1 · (3 4 5)        3 4  5
# 2 · (3 4 5)             6 8 10
# sum                3 4 11 8 10
# ```
#
# Mind the axes of the weights: input channels first, then output channels. In `nn.Conv2d` it is the reverse.


# %% exercise="up_convolution"
def up_convolution(maps, weight, stride):
    """Put down the kernel, times its value, for every pixel, and add up what overlaps.

    maps: (N, A, H, W) tensor of floats. weight: (A, B, k, k) of the same dtype, with k smaller
    than the stride, equal to it or larger. stride: a whole number, 1 or more.
    Returns (N, B, (H - 1) * stride + k, (W - 1) * stride + k) of the same dtype; gradients
    flow back to maps and weight.
    """
    ### BEGIN SOLUTION
    n, _, h, w = maps.shape
    outputs, k = weight.shape[1], weight.shape[-1]
    rows, columns = (h - 1) * stride + 1, (w - 1) * stride + 1
    answer = maps.new_zeros(n, outputs, rows + k - 1, columns + k - 1)
    for y in range(k):
        for x in range(k):
            part = torch.einsum("nahw,ab->nbhw", maps, weight[:, :, y, x])
            answer[:, :, y : y + rows : stride, x : x + columns : stride] += part
    return answer
    ### END SOLUTION


# %% check="up_convolution"
check("up_convolution", up_convolution)

# %% [markdown] lang="ru"
# <details><summary>Ядро 2 с шагом 2 верно, ядро 3 с шагом 2 — нет</summary>
#
# Штампы перекрываются. Что делает с прежним значением `=`, а что `+=`?
# </details>
# <details><summary>Размер ответа не тот</summary>
#
# Где начинается последний штамп и где он кончается? Посчитайте для строки из двух пикселей.
# </details>
# <details><summary>Один канал верно, несколько — нет, или ошибка о форме</summary>
#
# На каждую пару (входной канал, выходной канал) приходится своё ядро. По какой оси весов нужно складывать?
# `torch.einsum` позволяет назвать оси буквами.
# </details>
# <details><summary>Ошибка «a leaf Variable that requires grad … in-place operation» или градиента нет</summary>
#
# Писать можно в новый тензор, например из `maps.new_zeros(...)`. `.item()`, `.data` и numpy обрывают
# градиент.
# </details>
# <details><summary>Слишком медленно</summary>
#
# Необязательно перебирать пиксели: их много. Переберите места ядра, их $k^2$; все пиксели с одним местом
# ядра пишутся одним срезом с шагом.
# </details>

# %% [markdown] lang="en"
# <details><summary>Kernel 2 with stride 2 is right, kernel 3 with stride 2 is not</summary>
#
# The stamps overlap. What does `=` do to the value that was there, and what does `+=`?
# </details>
# <details><summary>The answer has the wrong size</summary>
#
# Where does the last stamp begin, and where does it end? Work it out for a row of two pixels.
# </details>
# <details><summary>One channel is right, several are not, or an error about shapes</summary>
#
# Each pair of an input and an output channel has a kernel of its own. Along which axis of the weights do you
# add up? `torch.einsum` lets you name axes by letters.
# </details>
# <details><summary>The error "a leaf Variable … in-place operation", or no gradient</summary>
#
# You may write into a new tensor, from `maps.new_zeros(...)` for one. `.item()`, `.data` and numpy cut the
# gradient off.
# </details>
# <details><summary>Too slow</summary>
#
# There is no need to go through the pixels, which are many. Go through the places of the kernel, $k^2$ of
# them; all pixels at one place of the kernel are written by a single slice with a step.
# </details>

# %% [markdown] lang="ru"
# ## 2. Обрезать и скопировать
# *15 минут*
#
# Карта кодировщика больше карты декодировщика того же уровня: на пути вниз и обратно свёртки съели края. Из
# большой карты вырезают **середину** и присоединяют к ней вторую по каналам: **сначала карта кодировщика**,
# за ней карта декодировщика.
#
# Пример. Из карты $4 \times 4$ вырезана середина $2 \times 2$, каналов стало два:
#
# ```
#  1  2  3  4
#  5  6  7  8        6  7     50 60
#  9 10 11 12       10 11     70 80
# 13 14 15 16
# ```
#
# Если разность сторон нечётная, лишняя строка отрезается снизу, лишний столбец — справа: из строки
# $1\ 2\ 3\ 4$ для трёх пикселей остаётся $1\ 2\ 3$.

# %% [markdown] lang="en"
# ## 2. Crop and copy
# *15 minutes*
#
# The encoder's map is larger than the decoder's at the same level: on the way down and back the convolutions
# ate the margins. The **middle** is cut out of the larger map and the other one is joined to it along the
# channels: **the encoder's map first**, the decoder's behind it.
#
# An example. Out of a $4 \times 4$ map the $2 \times 2$ middle is cut; then there are two channels:
#
# ```
#  1  2  3  4
#  5  6  7  8        6  7     50 60
#  9 10 11 12       10 11     70 80
# 13 14 15 16
# ```
#
# Where sides differ by an odd number, the extra row is cut off at the bottom and the extra column at the
# right: of the row $1\ 2\ 3\ 4$, three pixels are $1\ 2\ 3$.


# %% exercise="crop_and_copy"
def crop_and_copy(copied, upsampled):
    """The middle of the encoder's map, and the decoder's map behind it.

    copied: (N, A, H, W) tensor, the encoder's. upsampled: (N, B, h, w), h <= H and w <= W.
    Returns (N, A + B, h, w); gradients flow back to both.
    """
    ### BEGIN SOLUTION
    h, w = upsampled.shape[2:]
    top, left = (copied.shape[2] - h) // 2, (copied.shape[3] - w) // 2
    middle = copied[:, :, top : top + h, left : left + w]
    return torch.cat([middle, upsampled], dim=1)
    ### END SOLUTION


# %% check="crop_and_copy"
check("crop_and_copy", crop_and_copy)

# %% [markdown] lang="ru"
# <details><summary>Ошибка «Sizes of tensors must match except in dimension 1»</summary>
#
# Напечатайте формы перед соединением. Если отступ равен нулю, срез `x[0:-0]` пуст: `-0` — это `0`.
# </details>
# <details><summary>Чётные разности верны, нечётные — нет</summary>
#
# С какой стороны остался лишний пиксель? Посмотрите, в какую сторону округляет `//`.
# </details>
# <details><summary>Квадратные карты верны, прямоугольные — нет</summary>
#
# У строк и столбцов отступы свои.
# </details>

# %% [markdown] lang="en"
# <details><summary>The error "Sizes of tensors must match except in dimension 1"</summary>
#
# Print the shapes before joining. Where a margin is zero, the slice `x[0:-0]` is empty: `-0` is `0`.
# </details>
# <details><summary>Even differences are right, odd ones are not</summary>
#
# On which side was the extra pixel left? See which way `//` rounds.
# </details>
# <details><summary>Square maps are right, others are not</summary>
#
# Rows and columns have margins of their own.
# </details>

# %% [markdown] lang="ru"
# ## 3. Размеры на каждом уровне
# *20 минут*
#
# В U-Net из статьи свёртки не дополняют карту нулями: свёртка $3 \times 3$ снимает по пикселю с каждого края.
# На каждом уровне две такие свёртки. Путь вниз: две свёртки, пулинг пополам, и так `depth` раз; внизу
# две свёртки; путь вверх: удвоение и две свёртки, тоже `depth` раз. Верните список из `2 * depth + 1`
# троек: какая сторона **вошла** на уровень, какая осталась **после первой** свёртки и какая **после второй**.
#
# Вход не годится, если перед каким-нибудь пулингом сторона нечётная (последняя строка пропала бы) или если
# где-нибудь ничего не осталось, то есть сторона меньше 1. Тогда верните пустой список.
#
# Пример, `depth = 1`. Сторона 20:
#
# ```
# вниз   20 → 18 → 16
#                  16 / 2 = 8
# внизу   8 →  6 →  4
#                   4 · 2 = 8
# вверх   8 →  6 →  4
# ```
#
# Ответ: `[(20, 18, 16), (8, 6, 4), (8, 6, 4)]`. Сторона 21 не годится: перед пулингом остаётся 17. Сторона 16
# не годится тоже: $16 \to 12 \to 6 \to 2 \to 4 \to 0$.

# %% [markdown] lang="en"
# ## 3. Sizes at every level
# *20 minutes*
#
# The convolutions of the paper's U-Net don't pad the map: a $3 \times 3$ convolution takes a pixel off at every
# edge. At each level there are two. The way down: two convolutions, pooling to a half, `depth` times over;
# at the bottom two convolutions; the way up: doubling and two convolutions, `depth` times as well. Return a
# list of `2 * depth + 1` triples: the side that **enters** a level, the one left **after the first**
# convolution and the one left **after the second**.
#
# An input does not fit where the side is odd before some pooling (the last row would be lost), or where nothing
# is left somewhere, that is, a side is below 1. Then return an empty list.
#
# An example, `depth = 1`. A side of 20:
#
# ```
# down   20 → 18 → 16
#                  16 / 2 = 8
# bottom  8 →  6 →  4
#                   4 · 2 = 8
# up      8 →  6 →  4
# ```
#
# The answer: `[(20, 18, 16), (8, 6, 4), (8, 6, 4)]`. A side of 21 does not fit: 17 is left before pooling. Nor
# does a side of 16: $16 \to 12 \to 6 \to 2 \to 4 \to 0$.


# %% exercise="level_sizes"
def level_sizes(size, depth):
    """Sides of the maps at every level of the paper's U-Net, down, at the bottom and up.

    size: side of the input in pixels, 1 or more. depth: number of poolings, 0 or more.
    Returns a list of 2 * depth + 1 tuples (entering, after the first convolution, after the
    second), whole numbers; [] where the input does not fit.
    """
    ### BEGIN SOLUTION
    levels, side = [], size
    for level in range(2 * depth + 1):
        if side <= 4:
            return []
        levels.append((side, side - 2, side - 4))
        side -= 4
        if level < depth:
            if side % 2:
                return []
            side //= 2
        else:
            side *= 2
    return levels
    ### END SOLUTION


# %% check="level_sizes"
check("level_sizes", level_sizes)

# %% [markdown] lang="ru"
# <details><summary>Принят вход, который не годится</summary>
#
# Чётность нужна не входу, а стороне перед каждым пулингом. И проверьте не только низ сети: свёртки есть и на
# пути вверх.
# </details>
# <details><summary>Размеры на пути вверх больше, чем нужно</summary>
#
# Они не повторяют путь вниз. Удваивается то, что осталось внизу, и две свёртки снимают ещё четыре пикселя.
# </details>
# <details><summary>Как проверить себя</summary>
#
# В статье вход 572, а ответ 388; внизу сторона 28.
# </details>

# %% [markdown] lang="en"
# <details><summary>An input was accepted that does not fit</summary>
#
# It is not the input that must be even but the side before each pooling. And ask not only the bottom: there are
# convolutions on the way up as well.
# </details>
# <details><summary>The sizes on the way up are larger than they should be</summary>
#
# They don't repeat the way down. What is left at the bottom is doubled, and two convolutions take four pixels
# more.
# </details>
# <details><summary>How to check yourself</summary>
#
# In the paper the input is 572 and the output 388; the side at the bottom is 28.
# </details>

# %% [markdown] lang="ru"
# ## 4. Две свёртки
# *10 минут*
#
# На каждом уровне U-Net стоит одно и то же: свёртка $3 \times 3$, ReLU, ещё одна свёртка $3 \times 3$, ReLU.
# Первая меняет число каналов, вторая сохраняет. Нулями карта не дополняется, у свёрток есть сдвиг. Верните
# такую сеть (`nn.Module`).
#
# Пример. `double_convolution(1, 2)`: карта $1 \times 6 \times 6$ становится $2 \times 2 \times 2$, а
# параметров $(9 \cdot 1 \cdot 2 + 2) + (9 \cdot 2 \cdot 2 + 2) = 58$.

# %% [markdown] lang="en"
# ## 4. Two convolutions
# *10 minutes*
#
# At every level of a U-Net stands the same: a $3 \times 3$ convolution, ReLU, another $3 \times 3$ convolution,
# ReLU. The first one changes the number of channels, the second keeps it. The map is not padded, and the
# convolutions have a bias. Return such a network (`nn.Module`).
#
# An example. `double_convolution(1, 2)`: a $1 \times 6 \times 6$ map becomes $2 \times 2 \times 2$, and there
# are $(9 \cdot 1 \cdot 2 + 2) + (9 \cdot 2 \cdot 2 + 2) = 58$ parameters.


# %% exercise="double_convolution"
def double_convolution(in_channels, out_channels):
    """Two 3 x 3 convolutions without padding, each followed by ReLU.

    Returns an nn.Module: (N, in_channels, H, W) -> (N, out_channels, H - 4, W - 4).
    """
    ### BEGIN SOLUTION
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 3),
        nn.ReLU(),
    )
    ### END SOLUTION


# %% check="double_convolution"
check("double_convolution", double_convolution)

# %% [markdown] lang="ru"
# <details><summary>Размер не изменился</summary>
#
# Посмотрите на `padding`. В этом упражнении края должны теряться.
# </details>
# <details><summary>Ошибка о числе каналов во второй свёртке</summary>
#
# Вторая свёртка получает то, что дала первая.
# </details>
# <details><summary>Размер верный, числа нет</summary>
#
# Сколько ReLU и где они стоят? Последняя — тоже после свёртки.
# </details>

# %% [markdown] lang="en"
# <details><summary>The size has not changed</summary>
#
# Look at `padding`. In this exercise the margins should be lost.
# </details>
# <details><summary>An error about the channels of the second convolution</summary>
#
# The second convolution gets what the first one gave.
# </details>
# <details><summary>The size is right, the numbers are not</summary>
#
# How many ReLUs are there, and where? The last one too stands after a convolution.
# </details>

# %% [markdown] lang="ru"
# ## 5. U-Net
# *45 минут*
#
# Соберите сеть из статьи, но любой ширины и глубины.
#
# 1. **Вниз.** На уровне $\ell = 0, 1, \ldots$ карта проходит `double_convolution` и получает
#    $\text{width} \cdot 2^\ell$ каналов. Между уровнями `MaxPool2d(2)`, всего `depth` раз. Последний уровень —
#    низ сети.
# 2. **Вверх.** На каждом уровне `nn.ConvTranspose2d` с ядром 2 и шагом 2 удваивает сторону и вдвое уменьшает
#    число каналов. К ответу присоединяется карта кодировщика с того же уровня (после двух свёрток, до пулинга),
#    как в упражнении 2. `double_convolution` снова оставляет $\text{width} \cdot 2^\ell$ каналов.
# 3. **В конце** свёртка $1 \times 1$ даёт `num_classes` логитов. После неё ничего нет.
#
# Пример. `unet(1, 2, width=2, depth=1)`, изображение $20 \times 20$. Каналы и стороны по порядку:
#
# ```
# вход            1 × 20
# две свёртки     2 × 16  ──────────────┐ середина 8
# пулинг          2 ×  8                │
# две свёртки     4 ×  4                │
# up-convolution  2 ×  8  →  4 × 8  ←───┘
# две свёртки     2 ×  4
# логиты          2 ×  4
# ```
#
# У сети из статьи, `unet(1, 2, 64, 4)`, 31 030 658 параметров. Проверить это, не занимая память, можно на
# устройстве `meta`:
#
# ```python
# with torch.device("meta"):
#     print(sum(p.numel() for p in unet(1, 2, 64, 4).parameters()))
# ```

# %% [markdown] lang="en"
# ## 5. U-Net
# *45 minutes*
#
# Build the network of the paper, but of any width and depth.
#
# 1. **Down.** At level $\ell = 0, 1, \ldots$ the map goes through `double_convolution` and gets
#    $\text{width} \cdot 2^\ell$ channels. Between levels there is `MaxPool2d(2)`, `depth` times in all. The
#    last level is the bottom.
# 2. **Up.** At each level `nn.ConvTranspose2d` with kernel 2 and stride 2 doubles the side and halves the
#    number of channels. The encoder's map of the same level (after the two convolutions, before pooling) is joined to
#    the result as in exercise 2. `double_convolution` leaves $\text{width} \cdot 2^\ell$ channels again.
# 3. **At the end** a $1 \times 1$ convolution gives `num_classes` scores. Nothing follows it.
#
# An example. `unet(1, 2, width=2, depth=1)`, an image of $20 \times 20$. Channels and sides, in order:
#
# ```
# input             1 × 20
# two convolutions  2 × 16  ──────────────┐ the middle 8
# pooling           2 ×  8                │
# two convolutions  4 ×  4                │
# up-convolution    2 ×  8  →  4 × 8  ←───┘
# two convolutions  2 ×  4
# scores            2 ×  4
# ```
#
# The network of the paper, `unet(1, 2, 64, 4)`, has 31,030,658 parameters. The device `meta` lets you check
# that without taking any memory:
#
# ```python
# with torch.device("meta"):
#     print(sum(p.numel() for p in unet(1, 2, 64, 4).parameters()))
# ```


# %% exercise="unet"
def unet(in_channels, num_classes, width, depth):
    """The U-Net of the paper: valid convolutions, cropped copies.

    width: channels of the first level. depth: number of poolings, 1 or more.
    Returns an nn.Module: (N, in_channels, H, W) -> (N, num_classes, H', W') scores, for H and
    W that fit (exercise 3).
    """

    ### BEGIN SOLUTION
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = double_convolution(in_channels, width)
            self.down, self.up, self.decode = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
            channels = width
            for _ in range(depth):
                self.down.append(double_convolution(channels, 2 * channels))
                channels *= 2
            for _ in range(depth):
                self.up.append(nn.ConvTranspose2d(channels, channels // 2, 2, stride=2))
                self.decode.append(double_convolution(channels, channels // 2))
                channels //= 2
            self.score = nn.Conv2d(width, num_classes, 1)

        def forward(self, images):
            x = self.first(images)
            copies = []
            for convolve in self.down:
                copies.append(x)
                x = convolve(F.max_pool2d(x, 2))
            for enlarge, convolve in zip(self.up, self.decode, strict=True):
                x = convolve(crop_and_copy(copies.pop(), enlarge(x)))
            return self.score(x)

    return Net()
    ### END SOLUTION


# %% check="unet"
check("unet", unet)

# %% [markdown] lang="ru"
# <details><summary>Ошибка «Given groups=1, weight of size …, expected input … to have … channels»</summary>
#
# Сколько каналов входит в свёртки на пути вверх? Половина пришла снизу, половина — от кодировщика.
# </details>
# <details><summary>Параметров слишком много или мало</summary>
#
# Посчитайте по уровням для `width=2, depth=1`, сравните с `[(n, p.shape) for n, p in
# net.named_parameters()]`. Слои в обычном списке Python сеть не находит: нужен `nn.ModuleList`.
# </details>
# <details><summary>Размеры карт верные, числа нет</summary>
#
# Проверьте, какую карту вы копируете (до пулинга), откуда вырезана середина и нет ли чего-нибудь после
# последней свёртки.
# </details>
# <details><summary>При глубине 1 верно, при глубине 2 — нет</summary>
#
# На пути вверх карты кодировщика нужны в обратном порядке.
# </details>

# %% [markdown] lang="en"
# <details><summary>The error "Given groups=1, weight of size …, expected input … to have … channels"</summary>
#
# How many channels enter the convolutions on the way up? Half came from below, half from the encoder.
# </details>
# <details><summary>Too many parameters, or too few</summary>
#
# Count by levels for `width=2, depth=1` and compare with `[(n, p.shape) for n, p in
# net.named_parameters()]`. A network does not find layers in a plain Python list: take `nn.ModuleList`.
# </details>
# <details><summary>The maps have the right sizes, the numbers differ</summary>
#
# See which map you copy (the one before pooling), where its middle was cut, and whether anything follows the
# last convolution.
# </details>
# <details><summary>Depth 1 is right, depth 2 is not</summary>
#
# On the way up the encoder's maps are needed in reverse order.
# </details>

# %% [markdown] lang="ru"
# ## 6. Обучить U-Net
# *30 минут*
#
# Даны 100 сцен $64 \times 64$. Обучите небольшую U-Net отделять объекты (метка 1) от фона (метка 0) так, чтобы
# на **новых** сценах мера Жаккара объектов была не меньше **0,965**. Мера считается для каждой сцены отдельно,
# и берётся медиана по сценам: несколько слишком трудных сцен её не портят.
#
# Метка нужна каждому пикселю, поэтому здесь свёртки дополняются нулями (`padding=1`), и карты не обрезаются.
# Хватит ширины 8 и глубины 3, если после каждой свёртки стоит `nn.BatchNorm2d`, а из изображения вычтен его
# средний цвет. Такая сеть за 150 шагов по 8 сцен (это несколько секунд) набирает около 0,98; она же без
# скопированных карт — около 0,92; ответ «везде фон» — 0.
#
# Допишите обучение и функцию `segment`. Последняя строка ячейки обучает сеть; `segment` пользуется тем, что
# обучено в этой ячейке.

# %% [markdown] lang="en"
# ## 6. Train a U-Net
# *30 minutes*
#
# Given are 100 scenes of $64 \times 64$. Train a small U-Net to part objects (label 1) from background (label
# 0) so that on **new** scenes the Jaccard of the objects is at least **0.965**. It is taken for each scene by
# itself, and then the median over the scenes: a few scenes that are too hard do no harm.
#
# Every pixel needs a label, so here the convolutions are padded (`padding=1`) and no map is cropped. Width 8
# and depth 3 are enough where `nn.BatchNorm2d` follows each convolution and the image's mean colour is
# subtracted from it. In 150 steps of 8 scenes, a few seconds, such a network gets about 0.98; the same
# without copied maps about 0.92; "background everywhere" gets 0.
#
# Write the training and the function `segment`. The last line of the cell trains the network; `segment` uses
# what was trained in this cell.

# %%
torch.set_num_threads(1)  # on maps this small threads wait for each other longer than they work
train = load_scenes("train", 100, size=64)
objects = torch.where(train.labels == VOID, VOID, (train.labels > 0).byte())
print(tuple(train.images.shape), objects.unique().tolist())

figure, axes = plt.subplots(2, 6, figsize=(9, 3.2))
for column, image, labels in zip(axes.T, train.images, objects, strict=False):
    column[0].imshow(image.permute(1, 2, 0))
    column[1].imshow(labels, vmin=0, vmax=2, interpolation="nearest")
for ax in axes.flat:
    ax.axis("off")
plt.show()


# %% exercise="segment"
def trained_unet(images, labels):
    """Train a network to tell objects from background and return it.

    images: (N, 3, 64, 64) tensor, RGB in [0, 1].
    labels: (N, 64, 64) tensor of uint8: 0 background, 1 object, VOID unlabelled.
    """

    ### BEGIN SOLUTION
    def block(inputs, outputs):
        layers = []
        for channels in (inputs, outputs):
            layers.append(nn.Conv2d(channels, outputs, 3, padding=1, bias=False))
            layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
        return nn.Sequential(*layers)

    class PaddedUNet(nn.Module):
        def __init__(self):
            super().__init__()
            widths = (8, 16, 32, 64)
            self.down = nn.ModuleList(map(block, (3, *widths), widths))
            pairs = [(2 * c, c) for c in reversed(widths[:-1])]
            self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in pairs)
            self.decode = nn.ModuleList(block(a, b) for a, b in pairs)
            self.score = nn.Conv2d(8, 2, 1)

        def forward(self, images):
            x = images - images.mean(dim=(2, 3), keepdim=True)
            copies = []
            for level, convolve in enumerate(self.down):
                x = convolve(F.max_pool2d(x, 2) if level else x)
                copies.append(x)
            copies.pop()
            for enlarge, convolve in zip(self.up, self.decode, strict=True):
                x = convolve(torch.cat([copies.pop(), enlarge(x)], dim=1))
            return self.score(x)

    torch.manual_seed(0)
    network, steps = PaddedUNet().train(), 150
    descent = torch.optim.Adam(network.parameters())
    falling = torch.optim.lr_scheduler.OneCycleLR(descent, 0.01, total_steps=steps)
    for step in range(steps):
        chosen = torch.randperm(len(images))[:8]
        turned = images[chosen].rot90(step % 4, (2, 3))  # a turned scene is a scene
        truth = labels[chosen].long().rot90(step % 4, (1, 2))
        loss = F.cross_entropy(network(turned), truth, ignore_index=VOID)
        descent.zero_grad()
        loss.backward()
        descent.step()
        falling.step()
    return network.eval()
    ### END SOLUTION


def segment(images):
    """The label of every pixel, 1 object or 0 background, by the network of this cell.

    images: (N, 3, 64, 64) tensor, RGB in [0, 1].
    Returns an (N, 64, 64) tensor of labels 0 and 1, integers.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        return network(images).argmax(dim=1)
    ### END SOLUTION


network = trained_unet(train.images, objects)

# %% check="segment"
check("segment", segment)

# %% [markdown] lang="ru"
# <details><summary>Мера около 0,92 и выше не растёт</summary>
#
# Доходят ли карты кодировщика до декодировщика? Без них сеть знает, где объект, но не знает, где его край.
# </details>
# <details><summary>Везде фон</summary>
#
# Так начинается любое обучение: фон занимает три четверти пикселей. Посмотрите, падает ли функция потерь.
# Помогает пакетная нормализация и шаг обучения, который к концу уменьшается.
# </details>
# <details><summary>Потери равны nan или ошибка о метке 255</summary>
#
# Пиксели с меткой `VOID` не размечены. У `F.cross_entropy` есть аргумент, который их пропускает; метки ей
# нужны целые, `int64`.
# </details>
# <details><summary>Сцена отдельно и среди других размечена по-разному</summary>
#
# Сеть осталась в режиме обучения.
# </details>
# <details><summary>Как узнать меру, не видя секретных сцен</summary>
#
# `load_scenes("val", 100, size=64)` даёт сто других сцен. Функция из задания о метриках на них и посчитает.
# </details>

# %% [markdown] lang="en"
# <details><summary>The measure is about 0.92 and rises no further</summary>
#
# Do the encoder's maps come to the decoder? Without them the network knows where an object is, but not where
# it ends.
# </details>
# <details><summary>Background everywhere</summary>
#
# All training begins like that: background fills three quarters of the pixels. See whether the loss falls.
# Batch normalisation helps, and so does a learning rate that shrinks towards the end.
# </details>
# <details><summary>The loss is nan, or an error about label 255</summary>
#
# Pixels labelled `VOID` are not labelled at all. `F.cross_entropy` has an argument that passes over them; it
# wants whole labels, `int64`.
# </details>
# <details><summary>A scene by itself gets other labels than among others</summary>
#
# The network is still in training mode.
# </details>
# <details><summary>How to know the measure without the secret scenes</summary>
#
# `load_scenes("val", 100, size=64)` gives a hundred other scenes. Your function from the assignment on metrics
# will do the counting.
# </details>

# %% [markdown] lang="ru"
# ## 7. Вопрос
# *15 минут*
#
# Лаборатории нужно выделять клетки на снимках $512 \times 512$. Размечено всего 30 снимков, на каждом около
# сотни клеток.
#
# 1. У обученной U-Net одну за другой «выключили» скопированные карты (заменили нулями). Без копии верхнего
#    уровня границы клеток стали неровными, без копии нижнего некоторые клетки слились с фоном. Объясните
#    оба наблюдения: что несёт каждый уровень?
# 2. Почему копии нельзя заменить декодировщиком с бо́льшим числом каналов? Сошлитесь на упражнение 6.
# 3. Почему U-Net может научиться по 30 снимкам, хотя у неё 31 миллион параметров? Назовите хотя бы две
#    причины. Что ещё, кроме архитектуры, применили авторы статьи?
#
# Ответьте в ячейке ниже, по два-три предложения на каждый пункт.

# %% [markdown] lang="en"
# ## 7. A question
# *15 minutes*
#
# A laboratory wants cells outlined in pictures of $512 \times 512$. Only 30 pictures are annotated, each with
# about a hundred cells.
#
# 1. In a trained U-Net the copied maps were switched off one by one (replaced by zeros). Without the copy of
#    the top level the borders of cells became ragged; without that of the lowest level some cells sank into
#    the background. Explain both: what does each level carry?
# 2. Why can a decoder with more channels not stand in for the copies? Refer to exercise 6.
# 3. Why can a U-Net learn from 30 pictures although it has 31 million parameters? Name two reasons at least.
#    What else, besides the architecture, did the authors of the paper use?
#
# Answer in the cell below, two or three sentences for each part.

# %% [markdown] essay="essay"
# **По-русски**
#
# 1. Копия верхнего уровня не проходила пулинга: в ней есть точное место каждого края, но поле восприятия у
#    неё малое, и что это за край, она не знает. Копия нижнего уровня прошла несколько пулингов: место она
#    знает с точностью до $2^\ell$ пикселей, зато видит клетку с окрестностью и помогает решить, клетка ли это.
#    Декодировщик соединяет «что» снизу с «где» сбоку.
# 2. Пулинг оставляет одно число из четырёх, и место внутри клетки $2^\ell \times 2^\ell$ в нижней карте
#    почти потеряно. Сколько бы каналов ни было в декодировщике, он получает только эту карту и может лишь
#    угадывать. В упражнении 6 сеть без копий, у которой каналов столько же или больше, набирает около 0,92
#    против 0,98.
# 3. Обучающий пример здесь — не снимок, а пиксель со своей окрестностью: 30 снимков — это миллионы пикселей и
#    тысячи клеток, а веса свёрток общие для всех мест. Ответ зависит от поля восприятия, а не от всего снимка,
#    поэтому сеть учит вид клетки, а не снимок целиком. Авторы ещё расширяли выборку (сдвиги, повороты, упругие
#    деформации) и увеличивали вес узких промежутков между клетками в функции потерь.
#
# **In English**
#
# 1. The copy of the top level has gone through no pooling: it holds the exact place of every edge, but its
#    receptive field is small and it does not know what the edge belongs to. The copy of the lowest level has
#    gone through several poolings: it knows places to within $2^\ell$ pixels, but sees a cell with its
#    surroundings and helps to decide whether it is one. The decoder joins "what" from below with "where" from
#    the side.
# 2. Pooling keeps one number out of four, and the place within a square of $2^\ell \times 2^\ell$ is all but
#    lost in the lowest map. However many channels the decoder has, that map is all it gets, and it can only
#    guess. In exercise 6 the network without copies, with as many channels or more, gets about 0.92 against
#    0.98.
# 3. A training example here is not a picture but a pixel with its surroundings: 30 pictures are millions of
#    pixels and thousands of cells, and the weights of convolutions are shared by all places. An answer depends
#    on the receptive field and not on the whole picture, so the network learns how a cell looks, not the
#    pictures. The authors also augmented the data (shifts, rotations, elastic deformations) and gave the narrow
#    gaps between cells a greater weight in the loss.
#
# ### BEGIN MARK SCHEME
# **Как оценивать.** Каждый пункт — треть баллов.
#
# - Пункт 1: верхний уровень — место (мелкие детали, границы), нижний — что это (большое поле восприятия,
#   контекст). Половина, если объяснена только одна сторона.
# - Пункт 2: сведения потеряны в пулинге, и ниже их взять неоткуда; есть ссылка на меры из упражнения 6
#   (порядок величин). Половина за одно из двух.
# - Пункт 3: две причины из числа таких: пиксели как примеры, общие веса, ограниченное поле восприятия; и
#   расширение выборки (или вес промежутков). Половина, если причина одна или не назван приём авторов.
#
# **How to mark.** Each part is a third of the points.
#
# - Part 1: the top level carries place (fine detail, borders), the lowest one what it is (a large receptive
#   field, context). Half where only one side is explained.
# - Part 2: what pooling lost can't be had below it; the measures of exercise 6 are referred to (their order).
#   Half for one of the two.
# - Part 3: two reasons out of pixels as examples, shared weights, a limited receptive field; and augmentation
#   (or the weight of gaps). Half where there is one reason or the authors' device is missing.
# ### END MARK SCHEME

# %% [markdown] lang="ru"
# ## Как сдать
# 1. Перезапустите среду и выполните все ячейки подряд (в Colab: *Среда выполнения → Перезапустить сеанс и
#    выполнить все*). Под каждой проверкой должна быть зелёная карточка.
# 2. Выполните последнюю ячейку: она ещё раз запустит все проверки и даст файл `unet.ipynb`. Можно и самому:
#    *Файл → Скачать → Скачать .ipynb*.
# 3. Загрузите файл туда, где вы получили задание. Ячейки с проверками не удаляйте и не меняйте.
#
# Не получилось какое-то упражнение — сдавайте остальные: каждое оценивается отдельно.

# %% [markdown] lang="en"
# ## How to hand in
# 1. Restart and run all cells in order (in Colab: *Runtime → Restart session and run all*). Under every
#    check there should be a green card.
# 2. Run the last cell: it runs all checks once more and gives you the file `unet.ipynb`. Or take it yourself:
#    *File → Download → Download .ipynb*.
# 3. Upload the file where you got the assignment. Don't delete or change the cells with checks.
#
# If some exercise did not work out, hand in the others: each is marked by itself.
