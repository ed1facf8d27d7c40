# %% [markdown] lang="ru"
# # Полностью свёрточные сети
#
# **После этого задания вы сможете**
# - увеличить карту двумя способами и сказать, чем они отличаются у границ;
# - превратить полносвязный слой в свёртку, не изменив ни одного ответа;
# - собрать FCN на чужой сети так, чтобы она принимала изображения любого размера;
# - сложить логиты трёх карт, как в FCN-8s, и обучить такую сеть находить шесть видов фигур.
#
# **Время:** около двух с половиной часов. Упражнения идут от простых к сложным; в шестом пригодится пятое.
#
# **Как устроена проверка.** Под каждым решением стоит ячейка с `check(...)`. Запускайте её сколько угодно
# раз: она скажет, что не так, и покажет самый маленький пример, на котором ответ расходится с верным. При
# выставлении оценки те же проверки пройдут на других данных.
#
# **Правила.** Пишите код на месте строк `raise NotImplementedError()`; свои вспомогательные функции
# можно добавлять где угодно. В первых двух упражнениях нельзя вызывать готовую интерполяцию (`F.interpolate`,
# `nn.Upsample`), нигде нельзя брать готовые сети для сегментации и функции из `course_utils.reference`.
# Сравнивать с ними свой ответ в отдельной ячейке можно и полезно.
# При выставлении оценки есть стандартная библиотека Python, `torch`, `torchvision`, `numpy`, `matplotlib`,
# `PIL` и `tqdm`; других библиотек (`pandas`, `cv2`) и GPU там нет.

# %% [markdown] lang="en"
# # Fully convolutional networks
#
# **After this assignment you will be able to**
# - enlarge a map in two ways and say how they differ at the borders;
# - turn a dense layer into a convolution without changing a single answer;
# - build an FCN on somebody's network so that it takes images of any size;
# - add up the scores of three maps, as FCN-8s does, and train such a network to find six kinds of shapes.
#
# **Time:** about two and a half hours. The exercises grow harder; the sixth has a use for the fifth.
#
# **How checking works.** Under each solution there is a cell with `check(...)`. Run it as often as you
# like: it says what is wrong and shows the smallest example on which your answer departs from the right
# one. For the mark, the same checks run on other data.
#
# **Rules.** Write your code in place of `raise NotImplementedError()`; add helper functions of your own
# anywhere. In the first two exercises ready interpolation (`F.interpolate`, `nn.Upsample`) may not be called;
# nowhere may you take ready networks for segmentation or the functions of `course_utils.reference`.
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
from course_utils.data.small_net import small_net

# %% [markdown] lang="ru"
# ## 1. Размножение пикселей
# *10 минут*
#
# Самый простой способ увеличить изображение: каждый пиксель превратить в квадрат `factor` × `factor` из
# одинаковых пикселей. Новых значений при этом не появляется, поэтому так можно увеличивать и карту меток.
#
# Пример. Строка из двух пикселей, `factor = 2`:
#
# ```
#            1 1 2 2
# 1 2   →    1 1 2 2
# ```

# %% [markdown] lang="en"
# ## 1. Replicating pixels
# *10 minutes*
#
# The simplest way to enlarge an image: make every pixel a square of `factor` × `factor` equal pixels. No
# new values appear, so a map of labels may be enlarged like this too.
#
# An example. A row of two pixels, `factor = 2`:
#
# ```
#            1 1 2 2
# 1 2   →    1 1 2 2
# ```


# %% exercise="replicate"
def replicate(images, factor):
    """Make every pixel a square of factor x factor equal pixels.

    images: (N, C, H, W) tensor of any dtype, integers too. factor: a whole number, 1 or more.
    Returns (N, C, factor * H, factor * W) of the same dtype.
    """
    ### BEGIN SOLUTION
    n, c, h, w = images.shape
    squares = images.reshape(n, c, h, 1, w, 1).expand(n, c, h, factor, w, factor)
    return squares.reshape(n, c, h * factor, w * factor)
    ### END SOLUTION


# %% check="replicate"
check("replicate", replicate)

# %% [markdown] lang="ru"
# <details><summary>Получилось несколько маленьких изображений рядом</summary>
#
# `repeat` и `tile` повторяют весь тензор: `a b a b`. Нужно `a a b b`: повторить каждый элемент на месте.
# Посмотрите, что для этого есть в PyTorch.
# </details>
# <details><summary>Числа те же, но стоят не на своих местах</summary>
#
# `reshape` читает оси по порядку. Чтобы две оси слились в одну, они должны стоять рядом: сначала строка,
# сразу за ней номер повтора внутри строки.
# </details>
# <details><summary>Ошибка или дробные числа только на метках</summary>
#
# Свёртки и деление работают с дробными числами, а метки целые. Размножению арифметика не нужна.
# </details>

# %% [markdown] lang="en"
# <details><summary>Several small images came out side by side</summary>
#
# `repeat` and `tile` repeat the whole tensor: `a b a b`. Wanted is `a a b b`: every element repeated on the
# spot. See what PyTorch has for that.
# </details>
# <details><summary>The same numbers, but in other places</summary>
#
# `reshape` reads the axes in their order. For two axes to melt into one they must stand together: first the
# row, right behind it the number of the copy within the row.
# </details>
# <details><summary>An error, or fractions, with labels only</summary>
#
# Convolutions and division work with fractions, and labels are whole. Replication needs no arithmetic.
# </details>

# %% [markdown] lang="ru"
# ## 2. Билинейное увеличение транспонированной свёрткой
# *30 минут*
#
# Транспонированная свёртка кладёт на каждый пиксель входа своё ядро, умноженное на значение пикселя, и всё
# складывает. Если ядро — «шатёр», получается билинейное увеличение; с него FCN и начинает. Обозначим
# увеличение $f$. Пиксель входа $(i, j)$ занимает на выходе квадрат $f \times f$ с центром
#
# $$c_i = f i + \frac{f - 1}{2}, \qquad c_j = f j + \frac{f - 1}{2},$$
#
# а выход в пикселе $(y, x)$ равен
#
# $$B_{yx} = \sum_{i, j} b_{ij}\, w(y - c_i)\, w(x - c_j), \qquad w(u) = \max(0,\ 1 - |u| / f).$$
#
# За краем карты ничего нет, то есть стоят нули, поэтому у края значения убывают. Каналы не смешиваются.
#
# Пример. Строка $4\ 8$, $f = 2$; в одном измерении, без второго множителя. Центры: $0{,}5$ и $2{,}5$.
#
# | пиксель выхода | 0 | 1 | 2 | 3 |
# |---|---|---|---|---|
# | вес числа 4 | 3/4 | 3/4 | 1/4 | 0 |
# | вес числа 8 | 0 | 1/4 | 3/4 | 3/4 |
# | сумма | 3 | 5 | 7 | 6 |
#
# Внутри, между 4 и 8, значения 5 и 7 — обычная линейная интерполяция. По краям 3 и 6, а не 4 и 8: туда
# достаёт только один шатёр.

# %% [markdown] lang="en"
# ## 2. Bilinear upsampling by a transposed convolution
# *30 minutes*
#
# A transposed convolution lays its kernel on every pixel of the input, multiplied by the pixel's value, and
# adds everything up. With a "tent" for a kernel that is bilinear upsampling; it is what an FCN starts from.
# Let $f$ be the factor. The input pixel $(i, j)$ fills a square of $f \times f$ output pixels with its centre
# at
#
# $$c_i = f i + \frac{f - 1}{2}, \qquad c_j = f j + \frac{f - 1}{2},$$
#
# and the output at pixel $(y, x)$ is
#
# $$B_{yx} = \sum_{i, j} b_{ij}\, w(y - c_i)\, w(x - c_j), \qquad w(u) = \max(0,\ 1 - |u| / f).$$
#
# Beyond the map there is nothing, that is zeros, so the values fall towards the border. Channels don't mix.
#
# An example. The row $4\ 8$, $f = 2$; in one dimension, without the second factor. The centres: $0.5$ and
# $2.5$.
#
# | output pixel | 0 | 1 | 2 | 3 |
# |---|---|---|---|---|
# | weight of the 4 | 3/4 | 3/4 | 1/4 | 0 |
# | weight of the 8 | 0 | 1/4 | 3/4 | 3/4 |
# | sum | 3 | 5 | 7 | 6 |
#
# Inside, between 4 and 8, the values 5 and 7 are plain linear interpolation. At the borders there are 3 and
# 6, not 4 and 8: only one tent reaches there.


# %% exercise="upsample_bilinear"
def upsample_bilinear(scores, factor):
    """Upsample by the tents above; beyond the map there are zeros.

    scores: (N, C, H, W) tensor of floats. factor: a whole number, 1 or more, even or odd.
    Returns (N, C, factor * H, factor * W) of the same dtype; gradients flow back to scores.
    """
    ### BEGIN SOLUTION
    size = 2 * factor - factor % 2  # the tent is zero farther out
    distance = (torch.arange(size) - (size - 1) / 2).abs()
    tent = (1 - distance / factor).to(scores)
    channels = scores.shape[1]
    kernel = torch.outer(tent, tent).expand(channels, 1, size, size)
    margin = factor // 2
    return F.conv_transpose2d(scores, kernel, stride=factor, padding=margin, groups=channels)
    ### END SOLUTION


# %% check="upsample_bilinear"
check("upsample_bilinear", upsample_bilinear)

# %% [markdown] lang="ru"
# <details><summary>Ответ больше, чем нужно</summary>
#
# Ядро крайнего пикселя выступает за край. У `F.conv_transpose2d` аргумент `padding` отрезает поля, причём со
# всех сторон. Сколько пикселей лишние, видно на карте из одного пикселя.
# </details>
# <details><summary>Чётное увеличение верно, нечётное нет</summary>
#
# При $f = 2$ центр попадает между пикселями, при $f = 3$ — на пиксель. Посчитайте по формуле, у скольких
# пикселей вес положителен.
# </details>
# <details><summary>Каналы смешались, или ошибка о числе каналов</summary>
#
# Обычная свёртка складывает все входные каналы. Аргумент `groups` делит их на независимые группы; ядро тогда
# имеет форму `(C, 1, k, k)`.
# </details>
# <details><summary>Все значения меньше верных в f² раз</summary>
#
# Единице равна сумма весов в одном пикселе выхода, а не сумма ядра. Сколько ядер туда достаёт?
# </details>
# <details><summary>У края отличается от F.interpolate</summary>
#
# Так и должно быть: `F.interpolate` за краем повторяет крайний пиксель. Внутри ответы совпадают.
# </details>

# %% [markdown] lang="en"
# <details><summary>The answer is larger than it should be</summary>
#
# The kernel of an outer pixel reaches beyond the border. In `F.conv_transpose2d` the argument `padding` cuts
# the margin off, on all sides. How many pixels are too many can be seen on a map of one pixel.
# </details>
# <details><summary>An even factor is right, an odd one is not</summary>
#
# With $f = 2$ the centre falls between pixels, with $f = 3$ on a pixel. Count by the formula how many pixels
# have a positive weight.
# </details>
# <details><summary>Channels are mixed, or an error about their number</summary>
#
# A plain convolution adds up all input channels. The argument `groups` splits them into groups that don't
# meet; the kernel then has the shape `(C, 1, k, k)`.
# </details>
# <details><summary>All values are too small by f²</summary>
#
# It is the weights at one output pixel that sum to one, not those of a kernel. How many kernels reach a
# pixel?
# </details>
# <details><summary>It differs from F.interpolate at the border</summary>
#
# So it should: beyond the border `F.interpolate` repeats the outer pixel. Inside, the two agree.
# </details>

# %% [markdown] lang="ru"
# ## 3. Полносвязный слой становится свёрткой
# *15 минут*
#
# Слой `nn.Linear` берёт карту $C \times h \times w$, вытянутую в строку (`flatten(1)`), и отвечает $K$
# числами. Сделайте из него свёртку с ядром $h \times w$, которая на карте того же размера даёт те же числа, а
# на большей отвечает за каждое окно $h \times w$, как это сделал бы слой.
#
# Пример. Один канал, карта $2 \times 2$, веса слоя $1, 2, 3, 4$, сдвиг $10$. На карте слева ответ
# $1 \cdot 1 + 4 \cdot 1 + 10 = 15$. На карте справа окон два, и ответа два: $15$ и
# $2 \cdot 2 + 3 \cdot 1 + 10 = 17$.
#
# ```
# 1 0        1 0 2
# 0 1        0 1 0
# ```

# %% [markdown] lang="en"
# ## 3. A dense layer becomes a convolution
# *15 minutes*
#
# The layer `nn.Linear` takes a $C \times h \times w$ map stretched into a row (`flatten(1)`) and answers with
# $K$ numbers. Make of it a convolution with an $h \times w$ kernel that gives the same numbers on a map of
# that size, and on a larger one answers for every $h \times w$ window as the layer would.
#
# An example. One channel, a $2 \times 2$ map, the layer's weights $1, 2, 3, 4$, its bias $10$. On the left
# map the answer is $1 \cdot 1 + 4 \cdot 1 + 10 = 15$. The right one has two windows, so two answers: $15$ and
# $2 \cdot 2 + 3 \cdot 1 + 10 = 17$.
#
# ```
# 1 0        1 0 2
# 0 1        0 1 0
# ```


# %% exercise="dense_to_convolution"
def dense_to_convolution(linear, channels, height, width):
    """The convolution that answers for every window as the dense layer would.

    linear: nn.Linear over channels * height * width numbers, with or without bias, of any
        float dtype. It must stay as it is.
    Returns an nn.Conv2d with a copy of the numbers, in the layer's dtype, that can learn.
    """
    ### BEGIN SOLUTION
    bias = linear.bias is not None
    kernel = (height, width)
    dtype = linear.weight.dtype
    convolution = nn.Conv2d(channels, linear.out_features, kernel, bias=bias, dtype=dtype)
    with torch.no_grad():
        convolution.weight.copy_(linear.weight.reshape(convolution.weight.shape))
        if bias:
            convolution.bias.copy_(linear.bias)
    return convolution
    ### END SOLUTION


# %% check="dense_to_convolution"
check("dense_to_convolution", dense_to_convolution)

# %% [markdown] lang="ru"
# <details><summary>На карте из одного канала верно, из нескольких — нет</summary>
#
# `flatten(1)` выписывает сначала весь первый канал, потом второй. В каком порядке идут оси у
# `convolution.weight`?
# </details>
# <details><summary>На своей карте верно, на большей — нет</summary>
#
# Окно сдвигается на одну позицию и целиком лежит внутри карты. Проверьте шаг и дополнение.
# </details>
# <details><summary>Ошибка «a leaf Variable that requires grad … in-place operation»</summary>
#
# Копирование в параметр — не часть вычислений, по которым идёт градиент. Его делают внутри `torch.no_grad()`.
# </details>
# <details><summary>Вместе со свёрткой меняется и слой</summary>
#
# `view` и `reshape` не копируют память. `copy_` и `clone` копируют.
# </details>

# %% [markdown] lang="en"
# <details><summary>Right with one channel, wrong with several</summary>
#
# `flatten(1)` writes out the whole first channel, then the second. In what order are the axes of
# `convolution.weight`?
# </details>
# <details><summary>Right on its own map, wrong on a larger one</summary>
#
# The window moves by one unit and lies wholly inside the map. Look at stride and padding.
# </details>
# <details><summary>The error "a leaf Variable that requires grad … in-place operation"</summary>
#
# Copying into a parameter is no part of the computation that gradients flow through. Do it inside
# `torch.no_grad()`.
# </details>
# <details><summary>The layer changes along with the convolution</summary>
#
# `view` and `reshape` copy no memory. `copy_` and `clone` do.
# </details>

# %% [markdown] lang="ru"
# ## 4. FCN на чужой сети
# *25 минут*
#
# Дана основа сети (backbone), то есть сеть без последних слоёв: изображения
# $N \times 3 \times H \times W$ она превращает в карту
# $N \times C \times \lceil H/s \rceil \times \lceil W/s \rceil$, где $s$ — её шаг. Постройте на ней
# сеть для сегментации:
#
# 1. свёртка $1 \times 1$ со сдвигом даёт $K$ логитов в каждой позиции карты; её веса и сдвиг вначале равны
#    нулю;
# 2. логиты увеличиваются ровно в $s$ раз функцией `F.interpolate` с `mode="bilinear", align_corners=False`.
#    Здесь она разрешена; ваша функция из второго упражнения отличается от неё у края;
# 3. лишнее справа и снизу отрезается, остаётся $N \times K \times H \times W$.
#
# Обучаться ли основе, решает тот, кто её дал: не замораживайте её и не размораживайте.
#
# Пример. $s = 4$, изображение $9 \times 6$, $C = 5$, $K = 3$. Карта $3 \times 2$, увеличенные логиты
# $12 \times 8$, ответ $9 \times 6$. Новых параметров $3 \cdot 5 + 3 = 18$. До обучения все логиты равны нулю.

# %% [markdown] lang="en"
# ## 4. An FCN on somebody's network
# *25 minutes*
#
# Given is a network without its last layers: of $N \times 3 \times H \times W$ images it makes an
# $N \times C \times \lceil H/s \rceil \times \lceil W/s \rceil$ map, where $s$ is its stride. Make a network
# for segmentation of it:
#
# 1. a $1 \times 1$ convolution with bias gives $K$ scores at each position of the map; its weights and bias
#    start at zero;
# 2. the scores are enlarged by exactly $s$ with `F.interpolate`, `mode="bilinear", align_corners=False`. Here
#    it is allowed; your function from the second exercise differs from it at the border;
# 3. what is too much at the right and below is cut off; $N \times K \times H \times W$ is left.
#
# Whether the given network learns is up to whoever gave it: neither freeze nor unfreeze it.
#
# An example. $s = 4$, an image of $9 \times 6$, $C = 5$, $K = 3$. The map is $3 \times 2$, the enlarged
# scores are $12 \times 8$, the answer is $9 \times 6$. There are $3 \cdot 5 + 3 = 18$ new parameters. Before
# training all scores are zero.


# %% exercise="make_fcn"
class FCN(nn.Module):
    """Images (N, 3, H, W) -> scores (N, K, H, W), for any H and W."""

    def __init__(self, backbone, channels, stride, num_classes):
        super().__init__()
        ### BEGIN SOLUTION
        self.backbone = backbone
        self.stride = stride
        self.score = nn.Conv2d(channels, num_classes, kernel_size=1)
        nn.init.constant_(self.score.weight, 0)
        nn.init.constant_(self.score.bias, 0)
        ### END SOLUTION

    def forward(self, images):
        ### BEGIN SOLUTION
        scores = self.score(self.backbone(images))
        bilinear = {"mode": "bilinear", "align_corners": False}
        larger = F.interpolate(scores, scale_factor=self.stride, **bilinear)
        return larger[:, :, : images.shape[2], : images.shape[3]]
        ### END SOLUTION


def make_fcn(backbone, channels, stride, num_classes):
    """The network above.

    backbone: nn.Module, (N, 3, H, W) -> (N, channels, ceil(H / stride), ceil(W / stride)).
    """
    return FCN(backbone, channels, stride, num_classes)


# %% check="make_fcn"
check("make_fcn", make_fcn)

# %% [markdown] lang="ru"
# <details><summary>Верно, пока шаг делит стороны изображения</summary>
#
# Если увеличивать сразу до нужного размера (`size=`), множитель выйдет меньше шага, и логиты съедут.
# Увеличьте в `stride` раз и отрежьте лишнее.
# </details>
# <details><summary>Параметров меньше, чем нужно</summary>
#
# `nn.Module` знает только те части, которые записаны в его атрибуты в `__init__`. Сеть, которая лежит в
# обычном списке или во внешней переменной, не видна.
# </details>
# <details><summary>Логиты до обучения не нули</summary>
#
# `nn.Conv2d` начинает со случайных чисел; сдвиг тоже случайный. Для инициализации есть `nn.init`.
# </details>
# <details><summary>В режиме обучения другой ответ</summary>
#
# Режим переключает тот, кто обучает: `train()` и `eval()` доходят до всех частей сами.
# </details>

# %% [markdown] lang="en"
# <details><summary>Right as long as the stride divides the image</summary>
#
# Enlarging straight to the size wanted (`size=`) makes the factor smaller than the stride, and the scores
# drift. Enlarge by `stride` and cut off what is too much.
# </details>
# <details><summary>Fewer parameters than there should be</summary>
#
# An `nn.Module` knows those parts only that are put into its attributes in `__init__`. A network in a plain
# list, or in a variable outside, is not seen.
# </details>
# <details><summary>The scores before training are not zero</summary>
#
# `nn.Conv2d` starts with random numbers, its bias too. For initial values there is `nn.init`.
# </details>
# <details><summary>Another answer in training mode</summary>
#
# The mode is switched by whoever trains: `train()` and `eval()` reach all parts by themselves.
# </details>

# %% [markdown] lang="ru"
# ## 5. Логиты трёх карт: FCN-8s
# *20 минут*
#
# У каждой из карт с шагами 32, 16 и 8 своя свёртка $1 \times 1$ и свои логиты. Сложите их по шагам:
#
# 1. логиты шага 32 увеличить вдвое и прибавить логиты шага 16;
# 2. сумму увеличить вдвое и прибавить логиты шага 8;
# 3. эту сумму увеличить в 8 раз и обрезать до $H \times W$.
#
# Увеличивать — ровно во столько раз, `F.interpolate` с `mode="bilinear", align_corners=False`. Стороны карты
# с шагом $s$ равны $\lceil H/s \rceil$ и $\lceil W/s \rceil$, поэтому увеличенная карта бывает на единицу
# длиннее следующей: лишнее справа и снизу отрезается.
#
# Пример. Изображение $40 \times 72$. Карты: $2 \times 3$, $3 \times 5$ и $5 \times 9$.
#
# ```
# 2 × 3  →  4 × 6   →  3 × 5  +  логиты шага 16
#           6 × 10  →  5 × 9  +  логиты шага 8
#          40 × 72
# ```
#
# Если в трёх картах везде стоят 1, 2 и 3, то в ответе везде 6.

# %% [markdown] lang="en"
# ## 5. Scores of three maps: FCN-8s
# *20 minutes*
#
# Each of the maps of strides 32, 16 and 8 has a $1 \times 1$ convolution and scores of its own. Add them up
# step by step:
#
# 1. enlarge the scores of stride 32 by two and add those of stride 16;
# 2. enlarge the sum by two and add the scores of stride 8;
# 3. enlarge this sum by 8 and cut it to $H \times W$.
#
# Enlarge by exactly these factors, with `F.interpolate`, `mode="bilinear", align_corners=False`. A map of
# stride $s$ has sides of $\lceil H/s \rceil$ and $\lceil W/s \rceil$ units, so an enlarged map may be a unit
# longer than the next one: what is too much at the right and below is cut off.
#
# An example. An image of $40 \times 72$. The maps: $2 \times 3$, $3 \times 5$ and $5 \times 9$.
#
# ```
# 2 × 3  →  4 × 6   →  3 × 5  +  scores of stride 16
#           6 × 10  →  5 × 9  +  scores of stride 8
#          40 × 72
# ```
#
# Where the three maps hold 1, 2 and 3 everywhere, the answer is 6 everywhere.


# %% exercise="fuse"
def fuse(scores32, scores16, scores8, height, width):
    """The scores of FCN-8s for every pixel.

    scores32, scores16, scores8: (N, K, ceil(H / s), ceil(W / s)) tensors, s = 32, 16, 8.
    height, width: H and W of the images.
    Returns (N, K, H, W); the three maps stay as they are.
    """
    ### BEGIN SOLUTION
    bilinear = {"mode": "bilinear", "align_corners": False}
    fused = F.interpolate(scores32, scale_factor=2, **bilinear)
    fused = fused[:, :, : scores16.shape[2], : scores16.shape[3]] + scores16
    fused = F.interpolate(fused, scale_factor=2, **bilinear)
    fused = fused[:, :, : scores8.shape[2], : scores8.shape[3]] + scores8
    return F.interpolate(fused, scale_factor=8, **bilinear)[:, :, :height, :width]
    ### END SOLUTION


# %% check="fuse"
check("fuse", fuse)

# %% [markdown] lang="ru"
# <details><summary>Ошибка «The size of tensor a must match the size of tensor b»</summary>
#
# Напечатайте размеры перед сложением. Какая карта длиннее и на сколько? Отрезать нужно до сложения.
# </details>
# <details><summary>Размер верный, числа немного другие</summary>
#
# Увеличить сразу в 32 раза — не то же самое, что в 2, ещё раз в 2 и потом в 8. И посмотрите, что
# `F.interpolate` делает, если не указать `mode`.
# </details>
# <details><summary>Ответ верный, но изменились аргументы</summary>
#
# `scores16 += ...` пишет в чужой тензор.
# </details>

# %% [markdown] lang="en"
# <details><summary>The error "The size of tensor a must match the size of tensor b"</summary>
#
# Print the sizes before adding. Which map is longer, and by how much? Cut before you add.
# </details>
# <details><summary>The size is right, the numbers are a little off</summary>
#
# Enlarging by 32 at once is not the same as by 2, by 2 again, and then by 8. And see what `F.interpolate`
# does without a `mode`.
# </details>
# <details><summary>The answer is right, but arguments changed</summary>
#
# `scores16 += ...` writes into somebody else's tensor.
# </details>

# %% [markdown] lang="ru"
# ## 6. Обучить FCN
# *35 минут*
#
# Даны 200 сцен $128 \times 128$ с фигурами шести видов и предобученная сеть, которая раньше различала такие
# фигуры по одной на изображении. Обучите сегментацию так, чтобы на **новых** сценах средняя мера Жаккара была
# не меньше **0,5**.
#
# Сеть `small_net().features` состоит из пяти слоёв подряд. После третьего слоя шаг равен 8, после четвёртого
# 16, после пятого 32; каналов там 96, 128 и 192. Ответ «везде фон» даёт 0,12. За 200 шагов по 8 сцен FCN-32s
# набирает меньше 0,4, а FCN-8s — около 0,65, если обучать и саму сеть; на это уходит 10–20 секунд.
#
# Допишите обучение и функцию `segment`. Последняя строка ячейки обучает сеть; `segment` пользуется тем, что
# обучено в этой ячейке.

# %% [markdown] lang="en"
# ## 6. Train an FCN
# *35 minutes*
#
# Given are 200 scenes of $128 \times 128$ with shapes of six kinds, and a pretrained network that used to
# tell such shapes apart, one an image. Train a segmentation whose mean Jaccard on **new** scenes is at least
# **0.5**.
#
# The network `small_net().features` is five layers in a row. After the third one the stride is 8, after the
# fourth 16, after the fifth 32; the channels there are 96, 128 and 192. "Background everywhere" gets 0.12. In
# 200 steps of 8 scenes an FCN-32s stays below 0.4, and an FCN-8s comes to about 0.65 where the network itself
# is trained as well; that takes 10 to 20 seconds.
#
# Write the training and the function `segment`. The last line of the cell trains the network; `segment` uses
# what was trained in this cell.

# %%
train = load_scenes("train", 200)
print(tuple(train.images.shape), tuple(train.labels.shape), train.names)

figure, axes = plt.subplots(1, 6, figsize=(9, 1.8))
for ax, image in zip(axes, train.images, strict=False):
    ax.imshow(image.permute(1, 2, 0))
    ax.axis("off")
plt.show()


# %% exercise="segment"
def trained_fcn(images, labels):
    """Train a network for segmentation and return it.

    images: (N, 3, 128, 128) tensor, RGB in [0, 1].
    labels: (N, 128, 128) tensor of uint8: 0 background, 1..6 the kinds, VOID unlabelled.
    """

    ### BEGIN SOLUTION
    class FCN8s(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = small_net().features
            self.scores = nn.ModuleList([nn.Conv2d(c, 7, 1) for c in (96, 128, 192)])
            for layer in self.scores:
                nn.init.zeros_(layer.weight)
                nn.init.zeros_(layer.bias)

        def forward(self, images):
            maps, x = [], images
            for layer in self.layers:
                x = layer(x)
                maps.append(x)
            fine, middle, coarse = (s(m) for s, m in zip(self.scores, maps[2:], strict=True))
            return fuse(coarse, middle, fine, *images.shape[2:])

    torch.manual_seed(0)
    network = FCN8s().train()
    groups = [{"params": network.scores.parameters(), "lr": 1e-2}]
    groups.append({"params": network.layers.parameters(), "lr": 1e-3})
    descent = torch.optim.AdamW(groups)
    rates = [group["lr"] for group in groups]
    steps = 180
    falling = torch.optim.lr_scheduler.OneCycleLR(descent, rates, total_steps=steps)
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
    """Labels of every pixel by the network that was trained in this cell.

    images: (N, 3, 128, 128) tensor, RGB in [0, 1].
    Returns an (N, 128, 128) tensor of labels 0..6, integers.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        return network(images).argmax(dim=1)
    ### END SOLUTION


network = trained_fcn(train.images, train.labels)

# %% check="segment"
check("segment", segment)

# %% [markdown] lang="ru"
# <details><summary>Везде фон</summary>
#
# Фон занимает три четверти пикселей, и с него всё начинается. Дайте сети время: обучайте не только новые
# свёртки, но и саму сеть, её слоям хватает шага в десять раз меньше.
# </details>
# <details><summary>Потери равны nan или ошибка о метке 255</summary>
#
# Пиксели с меткой `VOID` не размечены. У `F.cross_entropy` есть аргумент, который их пропускает; метки ей
# нужны целые, `int64`.
# </details>
# <details><summary>Мера около 0,3 и не растёт</summary>
#
# Какие карты складываются? С одной картой шага 32 на сцену $128 \times 128$ приходится всего 16 позиций.
# Проверьте и то, что сеть взята предобученной.
# </details>
# <details><summary>Сцена отдельно и среди других размечена по-разному</summary>
#
# Сеть осталась в режиме обучения.
# </details>
# <details><summary>Как узнать меру, не видя секретных сцен</summary>
#
# `load_scenes("val", 100)` даёт сто других сцен. Функция из задания о метриках на них и посчитает.
# </details>

# %% [markdown] lang="en"
# <details><summary>Background everywhere</summary>
#
# Background fills three quarters of the pixels, and everything starts with it. Give it time: train the
# network itself and not only the new convolutions; for its layers a ten times smaller rate will do.
# </details>
# <details><summary>The loss is nan, or an error about label 255</summary>
#
# Pixels labelled `VOID` are not labelled at all. `F.cross_entropy` has an argument that passes over them; it
# wants whole labels, `int64`.
# </details>
# <details><summary>The measure is about 0.3 and does not rise</summary>
#
# Which maps are added up? A single map of stride 32 has 16 positions for a scene of $128 \times 128$. See too
# that the network is the pretrained one.
# </details>
# <details><summary>A scene by itself gets other labels than among others</summary>
#
# The network is still in training mode.
# </details>
# <details><summary>How to know the measure without the secret scenes</summary>
#
# `load_scenes("val", 100)` gives a hundred other scenes. Your function from the assignment on metrics will do
# the counting.
# </details>

# %% [markdown] lang="ru"
# ## 7. Вопрос
# *15 минут*
#
# FCN ищет на снимках со спутника дома и автомобили. Дом — квадрат $64 \times 64$ пикселя, автомобиль —
# $16 \times 16$. Сеть находит все предметы и лишних не находит, но вдоль границы внутри каждого предмета
# полоса шириной 4 пикселя отнесена к фону.
#
# 1. Чему равны меры Жаккара домов и автомобилей? Почему FCN ошибается именно у границ и почему это не
#    исправить одним повышением разрешения логитов?
# 2. Почему складывать логиты карт с шагами 16 и 8 помогает? Почему недостаточно одной карты с шагом 8?
# 3. Авторы FCN получили средние меры 59,4 (32s), 62,4 (16s) и 62,7 (8s). Чем приходится платить за каждую
#    новую карту и почему они не стали продолжать до шагов 4 и 2?
#
# Ответьте в ячейке ниже, по два-три предложения на каждый пункт.

# %% [markdown] lang="en"
# ## 7. A question
# *15 minutes*
#
# An FCN looks for houses and cars in satellite pictures. A house is a square of $64 \times 64$ pixels, a car
# one of $16 \times 16$. The network finds all objects and no others, but inside each object a strip along its
# border, 4 pixels wide, is taken for background.
#
# 1. What are the Jaccards of houses and of cars? Why does an FCN err at borders of all places, and why can't
#    upsampling the scores alone mend it?
# 2. Why does it help to add the scores of maps of strides 16 and 8? Why is one map of stride 8 not enough?
# 3. The authors of FCN got mean measures of 59.4 (32s), 62.4 (16s) and 62.7 (8s). What is the price of every
#    further map, and why did they not go on to strides 4 and 2?
#
# Answer in the cell below, two or three sentences for each part.

# %% [markdown] essay="essay"
# **По-русски**
#
# 1. Ложных срабатываний нет, поэтому объединение — весь предмет: $(56/64)^2 \approx 0{,}77$ у домов и
#    $(8/16)^2 = 0{,}25$ у автомобилей. Один логит карты с шагом 32 отвечает за квадрат $32 \times 32$, где
#    бывают и предмет, и фон; пулинги стёрли, где между ними граница. Повышение разрешения только плавно
#    соединяет соседние логиты: того, чего нет в карте, оно не восстановит.
# 2. Мелкая карта различает положение с точностью до 8 пикселей, грубая знает, что за предмет: у неё больше
#    поле восприятия и признаки сложнее. Сумма позволяет грубой карте назвать класс, а мелкой — подвинуть
#    границу. У одной карты с шагом 8 поле восприятия мало, и по куску предмета класс не узнать.
# 3. Сами веса дёшевы, $KC + K$ на карту. Плата — память и вычисления на больших картах и логиты слабых
#    признаков: ранние слои видят края и цвета, а не классы, и добавляют шум. Выигрыш падает: три пункта,
#    потом 0,3; следующие шаги стоили бы больше, чем дали.
#
# **In English**
#
# 1. There are no false alarms, so the union is the whole object: $(56/64)^2 \approx 0.77$ for houses and
#    $(8/16)^2 = 0.25$ for cars. One score of a map of stride 32 stands for a $32 \times 32$ square that may
#    hold both object and background; pooling wiped out where the border between them is. Upsampling only
#    joins neighbouring scores smoothly: what the map lacks it can't restore.
# 2. The fine map knows positions to within 8 pixels, the coarse one knows what the object is: its receptive
#    field is larger and its features are richer. In the sum the coarse map names the class and the fine one
#    moves the border. A map of stride 8 alone has a small receptive field, and a piece of an object does not
#    tell its class.
# 3. The weights are cheap, $KC + K$ a map. The price is memory and computing on large maps, and scores from
#    weak features: early layers see edges and colours, not classes, and add noise. The gain falls: three
#    points, then 0.3; further steps would cost more than they bring.
#
# ### BEGIN MARK SCHEME
# **Как оценивать.** Каждый пункт — треть баллов.
#
# - Пункт 1: оба числа (0,77 и 0,25) и причина: логит на квадрат пикселей, сведения о границе потеряны в
#   пулингах. Половина за одно из двух.
# - Пункт 2: положение от мелкой карты, класс от грубой (поле восприятия). Половина, если объяснена только
#   одна сторона.
# - Пункт 3: названа плата (память, вычисления, слабые признаки) и убывание выигрыша по числам. Половина за
#   одно из двух. «Больше параметров» без оговорки, что их мало, платой не считается.
#
# **How to mark.** Each part is a third of the points.
#
# - Part 1: both numbers (0.77 and 0.25) and the cause: a score for a square of pixels, the border lost in
#   pooling. Half for one of the two.
# - Part 2: position from the fine map, class from the coarse one (receptive field). Half where only one side
#   is explained.
# - Part 3: a price (memory, computing, weak features) and the falling gain, by the numbers. Half for one of
#   the two. "More parameters", without saying that they are few, is no price.
# ### END MARK SCHEME

# %% [markdown] lang="ru"
# ## Как сдать
# 1. Перезапустите среду и выполните все ячейки подряд (в Colab: *Среда выполнения → Перезапустить сеанс и
#    выполнить все*). Под каждой проверкой должна быть зелёная карточка.
# 2. Выполните последнюю ячейку: она ещё раз запустит все проверки и даст файл `fcn.ipynb`. Можно и самому:
#    *Файл → Скачать → Скачать .ipynb*.
# 3. Загрузите файл туда, где вы получили задание. Ячейки с проверками не удаляйте и не меняйте.
#
# Не получилось какое-то упражнение — сдавайте остальные: каждое оценивается отдельно.

# %% [markdown] lang="en"
# ## How to hand in
# 1. Restart and run all cells in order (in Colab: *Runtime → Restart session and run all*). Under every
#    check there should be a green card.
# 2. Run the last cell: it runs all checks once more and gives you the file `fcn.ipynb`. Or take it yourself:
#    *File → Download → Download .ipynb*.
# 3. Upload the file where you got the assignment. Don't delete or change the cells with checks.
#
# If some exercise did not work out, hand in the others: each is marked by itself.
