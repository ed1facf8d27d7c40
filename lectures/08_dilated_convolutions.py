# %% [markdown] lang="ru"
# # Раздутые свёртки
#
# **После этой лекции вы сможете**
# - записать раздутую свёртку, реализовать её и посчитать, что видит нейрон после стопки таких слоёв;
# - построить контекстную сеть по её таблице и правильно её инициализировать;
# - превратить обученный классификатор в сеть, карта которой вчетверо подробнее, не меняя ни одного веса;
# - честно сравнить FCN, DeepLab, front end с контекстной сетью и U-Net: что было равным, а что нет.
#
# **Что нужно знать:** лекции 06 (FCN, поле восприятия) и 07 (U-Net), меру Жаккара из лекции 04.
#
# **Сколько это займёт:** около 60 минут вместе с вопросами для самопроверки.

# %% [markdown] lang="en"
# # Dilated convolutions
#
# **After this lecture you will be able to**
# - write down a dilated convolution, implement it, and work out what a unit behind a stack of such layers
#   sees;
# - build the context network from its table and initialise it properly;
# - turn a trained classifier into a network with a map four times finer without changing a single weight;
# - compare FCN, DeepLab, the front end with a context network, and U-Net honestly: what was equal and what
#   was not.
#
# **You need to know:** lectures 06 (FCN, the receptive field) and 07 (U-Net), the Jaccard index from lecture
# 04.
#
# **Time:** about 60 minutes, the self-check questions included.

# %%
from copy import deepcopy
from itertools import product

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from course_utils import figures, session
from course_utils.data.published_dilated import DILATED_TEST, DILATED_VALIDATION
from course_utils.data.scenes import load_scenes
from course_utils.reference.dense_heads import (
    FieldsOfView,
    FrozenMaps,
    Segmenter,
    field_head,
    plain_context,
)
from course_utils.reference.dilated import (
    CONTEXT_DILATIONS,
    ContextNetwork,
    dilated_convolution,
    stack_receptive_fields,
)
from course_utils.reference.dilated_backbone import dilated_copy, matching_units
from course_utils.reference.dilated_paths import kernel_with_holes, seen_paths
from course_utils.reference.distant_mark import accuracy_by_distance, fit_on_marks
from course_utils.reference.fcn import FCN, FeatureMaps
from course_utils.reference.front_end import FrontEnd
from course_utils.reference.metrics import confusion_counts, mean_jaccard
from course_utils.reference.pretrained import load_pretrained
from course_utils.reference.receptive_field import receptive_field, receptive_fields
from course_utils.reference.short_training import Centre, fit_scenes, one_thread
from course_utils.reference.unet import UNet

# %% [markdown] lang="ru"
# ## Ядро с дырками
#
# FCN видит далеко, потому что сжимает карту, и за это платит грубыми границами. U-Net возвращает
# подробности из начала сети. Третий путь: не сжимать вовсе. Чтобы видеть дальше, раздвинем веса ядра.
# **Раздутая свёртка** с коэффициентом $l$ — это
#
# $$(F *_l k)(p) = \sum_{s + l t = p} F(s)\, k(t)$$
#
# где $F$ — изображение или карта, $k$ — ядро, а $t$ пробегает его веса. При $l = 1$ это обычная свёртка.
#
# **Предскажите:** сколько весов у ядра $3 \times 3$ при $l = 2$ и квадрат какого размера оно накрывает?

# %% [markdown] lang="en"
# ## A kernel with holes
#
# An FCN sees far because it shrinks the map, and pays with coarse borders. U-Net fetches the details back
# from the beginning of the network. There is a third way: do not shrink at all. To see further, pull the
# weights of the kernel apart. A **dilated convolution** with dilation $l$ is
#
# $$(F *_l k)(p) = \sum_{s + l t = p} F(s)\, k(t)$$
#
# where $F$ is an image or a map, $k$ a kernel, and $t$ runs over its weights. With $l = 1$ it is the
# ordinary convolution.
#
# **Predict:** how many weights has a $3 \times 3$ kernel with $l = 2$, and how large a square does it span?

# %%
def by_formula(image, kernel, l):
    """The sum as it stands above, wherever all nine pixels lie inside the image."""
    side = len(image) - 2 * l
    result = torch.zeros(side, side)
    for i, j in product(range(side), repeat=2):  # p = (i + l, j + l)
        for a, b in product((-1, 0, 1), repeat=2):  # t = (a, b), and s = p - l t
            result[i, j] += image[i + l - l * a, j + l - l * b] * kernel[a + 1, b + 1]
    return result


# %%
image = torch.tensor([[(i * i + 3 * j + i * j) % 5 for j in range(7)] for i in range(7)]).float()
k = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, 0.0], [0.0, 3.0, 2.0]])
written = by_formula(image, k, l=2)
flipped = k.flip(0, 1)  # libraries add l t where the formula subtracts it
pixels, weight = image[None, None], flipped[None, None]

assert torch.equal(F.conv2d(pixels, weight, dilation=2)[0, 0], written)
assert torch.equal(dilated_convolution(pixels, weight, dilation=2)[0, 0], written)
assert torch.equal(F.conv2d(pixels, kernel_with_holes(weight, 2))[0, 0], written)
assert not torch.equal(F.conv2d(pixels, k[None, None], dilation=2)[0, 0], written)

# %%
left, middle, right = figures.panels(3, height=2.7, widths=[7, 6, 5])
taps = list(product((1, 3, 5), repeat=2))
figures.show_pixel_numbers(left, image, which="image", taps=taps)
figures.show_kernel(middle, flipped, dilation=2)
figures.show_pixel_numbers(right, written, which="result", centre=(1, 1))
figures.show()

# %% [markdown] lang="ru"
# Весов по-прежнему девять, а накрывает ядро $5 \times 5$: в общем случае $l(k - 1) + 1$ пикселей по стороне.
# Четыре записи дали одно и то же: сумма по формуле, матричное умножение из `reference`, `F.conv2d` с
# `dilation=2` и **обычная** свёртка с ядром, между весами которого вставлены нули. Последняя запись
# объясняет название, но считать так незачем: 16 умножений из 25 — на ноль.
#
# Одна тонкость. В формуле $s = p - lt$: ядро прикладывается перевёрнутым, как и положено свёртке.
# Библиотеки берут $s = p + lt$ (взаимную корреляцию), поэтому ядро на рисунке уже перевёрнуто, а без
# переворота равенства нет. Для обучения разницы никакой: сеть выучит веса в том порядке, в каком их читают.
#
# Подвигайте ядро по изображению. Чем больше $l$, тем крупнее перепады яркости, на которые оно откликается.

# %% [markdown] lang="en"
# There are still nine weights, but the kernel spans $5 \times 5$: in general $l(k - 1) + 1$ pixels a side.
# Four ways of writing gave the same thing: the sum of the formula, the matrix product of `reference`,
# `F.conv2d` with `dilation=2`, and the **ordinary** convolution with a kernel that has zeros put between
# its weights. The last one explains the name, but there is no point in computing like that: 16
# multiplications out of 25 are by zero.
#
# One subtlety. In the formula $s = p - lt$: the kernel is laid on flipped, as a convolution should be.
# Libraries take $s = p + lt$ (cross-correlation), so the kernel in the picture is flipped already, and
# without the flip the equality fails. For training it makes no difference: a network learns its weights
# in whatever order they are read.
#
# Move the kernel over the image. The larger $l$, the coarser the changes of brightness that it answers to.

# %%
device = session.current().device
train = load_scenes("train", 96, data=session.current().data)
new = load_scenes("val", 32, data=session.current().data)
K = len(train.names)
edge = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 4
half = F.avg_pool2d(new.images, 2)  # 64 x 64: smaller pictures
figures.sliding_kernel_figure(half[3].mean(dim=0), edge)

# %% [markdown] lang="ru"
# ## Поле растёт вдвое, веса прибавляются
#
# Поставим слои $3 \times 3$ друг на друга с $l = 1, 2, 4$. Чтобы узнать, какие пиксели входного изображения
# влияют на один нейрон, сделаем все веса единицами и возьмём градиент. Он даже скажет, сколькими путями
# каждый пиксель доходит до нейрона.
#
# **Предскажите:** какой квадрат видит нейрон после каждого слоя? А если бы везде было $l = 1$?

# %% [markdown] lang="en"
# ## The field doubles, the weights add up
#
# Put $3 \times 3$ layers on top of one another with $l = 1, 2, 4$. To find out which pixels of the input
# influence one unit, set all weights to one and take the gradient. It even tells by how many paths each
# pixel reaches the unit.
#
# **Predict:** how large a square does the unit see after each layer? And with $l = 1$ everywhere?

# %%
stacks = [(1,), (1, 2), (1, 2, 4)]
paths = [seen_paths(dilations) for dilations in stacks]
assert [len(each) for each in paths] == [3, 7, 15]
assert all((each > 0).all() for each in paths)  # nothing inside is missed
assert [int(each.sum()) for each in paths] == [9, 9**2, 9**3]  # nine ways a layer

axes = figures.panels(3, height=2.9)
for ax, each in zip(axes, paths):
    figures.show_paths(ax, each, side=15)
figures.show()

# %% [markdown] lang="ru"
# Поля $3 \times 3$, $7 \times 7$, $15 \times 15$: при $l = 2^i$ слой с номером $i$ (считая с нуля) видит
# $2^{i+2} - 1$ пикселей по стороне. Поле растёт как степень двойки, а весов каждый раз прибавляется по
# девять (на пару каналов). И ни один пиксель внутри поля не пропущен: слой с $l = 2$ смотрит на нейроны,
# каждый из которых уже видит $3 \times 3$ пикселя, так что дырки ядра закрыты.

# %% [markdown] lang="en"
# The fields are $3 \times 3$, $7 \times 7$, $15 \times 15$: with $l = 2^i$ layer number $i$ (from zero on)
# sees $2^{i+2} - 1$ pixels a side. The field grows as a power of two, while each layer adds nine weights
# (for a pair of channels). And no pixel inside the field is missed: the layer with $l = 2$ looks at units
# each of which sees $3 \times 3$ pixels already, so the holes of its kernel are covered.

# %%
layers = range(1, 7)
fields = {
    "doubling": stack_receptive_fields([3] * 6, [2**i for i in range(6)]),
    "plain": stack_receptive_fields([3] * 6, [1] * 6),
}
assert fields["doubling"] == [2 ** (i + 2) - 1 for i in range(6)]
assert fields["plain"] == [2 * n + 1 for n in layers]
(ax,) = figures.panels(1, height=2.8)
figures.field_and_weight_curves(ax, layers, fields, weights=[9 * n for n in layers])
figures.show()

# %% [markdown] lang="ru"
# ## Дополнение нулями тоже растёт
#
# Обычный слой $3 \times 3$ сохраняет размер карты, если дополнить её одним рядом нулей с каждой стороны.
#
# **Предскажите:** изображение $64 \times 64$, слои с $l = 1, 2, 4$, у всех `padding=1`. Какого размера
# карта на выходе? Будет ли ошибка?

# %% [markdown] lang="en"
# ## Padding grows as well
#
# An ordinary $3 \times 3$ layer keeps the size of the map when one row of zeros is put on each side.
#
# **Predict:** an image of $64 \times 64$, layers with $l = 1, 2, 4$, all with `padding=1`. How large is the
# map that comes out? Will there be an error?

# %%
ways = {"none": lambda l: 0, "one": lambda l: 1, "grown": lambda l: l}
sizes = {}
for way, padding in ways.items():
    maps, sizes[way] = torch.zeros(1, 1, 64, 64), [64]
    for l in (1, 2, 4):
        maps = F.conv2d(maps, weight, dilation=l, padding=padding(l))
        sizes[way].append(maps.shape[-1])
assert sizes["one"] == [64, 64, 62, 56]
assert sizes["grown"] == [64] * 4
figures.padding_table((1, 2, 4), sizes)

# %% [markdown] lang="ru"
# Ошибки не будет, и в этом ловушка: карта молча уменьшается на $2(l - 1)$ в каждом слое, и логиты сползают
# с тех пикселей, к которым относятся. Чтобы размер сохранялся, дополнять нужно на $l(k - 1)/2$, то есть для
# ядра $3 \times 3$ на само $l$.
#
# <details><summary><b>Вопрос.</b> Чем плохо большое дополнение? Что видит угловой нейрон слоя с
# $l = 16$?</summary>
#
# Из девяти его весов пять попадают в нули за краем: на изображение приходится лишь четверть его окна, и
# никто не сообщил ему, где оно кончается. Yu и Koltun дополняют один раз, на 33, перед всей контекстной
# сетью: нулями или отражением.
#
# </details>

# %% [markdown] lang="en"
# There is no error, and that is the trap: the map silently loses $2(l - 1)$ in each layer, and the logits
# slip off the pixels that they belong to. To keep the size, pad by $l(k - 1)/2$, which for a $3 \times 3$
# kernel is $l$ itself.
#
# <details><summary><b>Question.</b> What is bad about much padding? What does a corner unit of a layer
# with $l = 16$ see?</summary>
#
# Five of its nine weights fall on the zeros beyond the edge: only a quarter of its window lies on the image,
# and nobody told it where the image ends. Yu and Koltun pad once, by 33, before the whole context network:
# with zeros or by reflection.
#
# </details>

# %% [markdown] lang="ru"
# ## Решётка
#
# В примере выше $l$ удваивалось. А что, если взять один и тот же коэффициент три раза подряд?
#
# **Предскажите:** какое поле у трёх слоёв с $l = 2$? Какую долю пикселей в нём нейрон видит?

# %% [markdown] lang="en"
# ## Gridding
#
# In the example above $l$ doubled. What if the same dilation is taken three times in a row?
#
# **Predict:** what is the field of three layers with $l = 2$? What share of the pixels in it does the unit
# see?

# %%
stacks = [(1, 1, 1), (2, 2, 2), (1, 2, 4)]
paths = [seen_paths(dilations) for dilations in stacks]
assert [len(each) for each in paths] == [7, 13, 15]
assert [int((each > 0).sum()) for each in paths] == [49, 49, 225]  # of 49, 169 and 225

axes = figures.panels(3, height=2.9)
for ax, each in zip(axes, paths):
    figures.show_paths(ax, each, side=15)
figures.show()

# %% [markdown] lang="ru"
# Поле стало шире, чем при $l = 1$, а видит нейрон те же 49 пикселей, только разнесённые решёткой: из 169 он
# не видит 120 (крестики). Соседний нейрон видит другую решётку, и ни одного общего пикселя у них
# нет. Это и есть gridding. При $l = 1, 2, 4$ дырок нет.
#
# Важно ли это для обучения? Поставим опыт. В окне $15 \times 15$ шум и одна метка, $+1$ или $-1$, на
# расстоянии от 1 до 7 от центра, по вертикали или горизонтали. Знак метки должен назвать нейрон в центре.
# Сети равны по числу весов (три слоя $3 \times 3$ по 8 каналов) и по обучению, различаются только
# коэффициенты. Каждая обучается трижды (три запуска).
#
# **Предскажите:** на каких расстояниях сеть 1, 1, 1 будет отвечать наугад? А 2, 2, 2?

# %% [markdown] lang="en"
# The field is wider than with $l = 1$, but the unit sees the same 49 pixels, only spread over a grid: of
# the 169 it does not see 120 (crosses). The unit next to it sees another grid, and they have not one
# pixel in common. This is gridding. With $l = 1, 2, 4$ there are no holes.
#
# Does it matter for learning? An experiment: a window of $15 \times 15$ holds noise and one mark, $+1$ or
# $-1$, at a distance of 1 to 7 from the centre, up, down, left or right. The unit in the centre has to
# tell the mark's sign. The networks have as many weights (three $3 \times 3$ layers of 8 channels) and the
# same training; only the dilations differ. Three runs each.
#
# **Predict:** at which distances will network 1, 1, 1 be guessing? And 2, 2, 2?

# %%
accuracies, weights = {}, set()
for dilations in stacks:
    networks = [fit_on_marks(dilations, reach=7, seed=seed) for seed in range(3)]
    accuracies[dilations] = [accuracy_by_distance(n, dilations, reach=7) for n in networks]
    weights |= {sum(p.numel() for p in n.parameters()) for n in networks}
assert len(weights) == 1  # as many parameters in all
plain, gridded, doubled = (np.array(runs) for runs in accuracies.values())
assert plain[:, :3].min() > 0.9 > 0.65 > plain[:, 3:].max()  # sees 7 x 7
assert gridded[:, 1::2].min() > 0.9 > 0.65 > gridded[:, 0::2].max()  # even distances only
assert doubled.min() > 0.9

# %%
(ax,) = figures.panels(1, height=3.0)
figures.distance_curves(ax, accuracies)
figures.show()

# %% [markdown] lang="ru"
# Линии — средние, точки — запуски. Обычные свёртки почти не ошибаются до расстояния 3, а дальше отвечают
# наугад: их поле $7 \times 7$. При $l = 2, 2, 2$ поле $13 \times 13$, но на нечётных расстояниях сеть
# отвечает наугад даже вплотную к центру: этих пикселей нет на её решётке. При $l = 1, 2, 4$ сеть узнаёт
# метку всюду, а весов у неё столько же.
#
# Соберите свою стопку. Наложенная справа пелена скрывает то, чего нейрон в середине не видит.
# Попробуйте 2, 4, 8: всё удваивается, а решётка есть. Почему?

# %% [markdown] lang="en"
# Lines are means, dots single runs. Ordinary convolutions make hardly any mistake up to distance 3 and guess
# beyond: their field is $7 \times 7$. With $l = 2, 2, 2$ the field is $13 \times 13$, but at odd distances
# the network guesses even right beside the centre: those pixels are not on its grid. With $l = 1, 2, 4$ the
# network knows the mark everywhere, and has no more weights.
#
# Build a stack of your own. The veil on the right hides what the unit in the middle does not see. Try
# 2, 4, 8: everything doubles, and there is a grid all the same. Why?

# %%
assert (seen_paths((2, 4, 8))[1::2] == 0).all()  # odd rows: never
figures.dilation_figure(half[0])

# %% [markdown] lang="ru"
# Все коэффициенты 2, 4, 8 чётны, поэтому чётны и все суммы сдвигов: нечётные строки не видны никогда. Чтобы
# закрыть эту решётку, достаточно одного слоя с $l = 1$. Поэтому стопка и начинается с единицы, а у
# контекстной сети единицей ещё и кончается.

# %% [markdown] lang="en"
# All of 2, 4, 8 are even, and so are all sums of their shifts: odd rows are never seen. One layer with
# $l = 1$ is enough to close this grid. That is why a stack begins with one, and the context network ends with
# one, too.

# %% [markdown] lang="ru"
# ## Контекстная сеть
#
# Yu и Koltun сложили из раздутых свёрток **контекстную сеть**. Она получает $C$ карт логитов (по одной на
# класс) и отдаёт столько же карт того же размера, уточнённых с учётом окружения. Таблицу сети не перепечатаем
# из статьи, а прочтём по слоям самой сети.
#
# **Предскажите:** каким будет поле после слоёв с $l = 1, 1, 2, 4, 8, 16, 1$ и ещё одной свёртки $1 \times 1$?

# %% [markdown] lang="en"
# ## The context network
#
# Out of dilated convolutions Yu and Koltun built the **context network**. It takes $C$ maps of logits (one
# a class) and returns as many maps of the same size, improved by what stands around. Rather than copy its
# table from the paper, let us read it from the layers of the network itself.
#
# **Predict:** what is the field after layers with $l = 1, 1, 2, 4, 8, 16, 1$ and one more $1 \times 1$
# convolution?

# %%
C = 21
networks = {size: ContextNetwork(C, size) for size in ("basic", "large")}
convolutions = {
    size: [layer for layer in network if isinstance(layer, nn.Conv2d)]
    for size, network in networks.items()
}
kernels = [layer.kernel_size[0] for layer in convolutions["basic"]]
dilations = [layer.dilation[0] for layer in convolutions["basic"]]
fields = stack_receptive_fields(kernels, dilations)
assert dilations == [1, 1, 2, 4, 8, 16, 1, 1] == list(CONTEXT_DILATIONS)
assert fields == [3, 5, 9, 17, 33, 65, 67, 67]

# %%
following = [*list(networks["basic"])[1:], None]
truncated = [
    isinstance(after, nn.ReLU)
    for layer, after in zip(networks["basic"], following)
    if isinstance(layer, nn.Conv2d)
]
channels = {size: [layer.out_channels for layer in convolutions[size]] for size in networks}
assert channels["basic"] == [C] * 8
assert channels["large"] == [C * n for n in (2, 2, 4, 8, 16, 32, 32, 1)]
figures.context_table(kernels, dilations, truncated, fields, channels, C)

# %% [markdown] lang="ru"
# Это таблица 1 лекции и статьи. «Усечение» — так в статье названа ReLU: $\max(x, 0)$. После последнего слоя
# её нет. Посчитаем веса при $C = 21$ и измерим поле: один логит на выходе, градиент по всем логитам на
# входе.

# %% [markdown] lang="en"
# This is Table 1 of the lecture and of the paper. "Truncation" is what the paper calls ReLU: $\max(x, 0)$.
# There is none after the last layer. Let us count the weights for $C = 21$ and measure the field: one logit
# of the output, its gradient with respect to all logits of the input.

# %%
def numbers(network):
    parameters = list(network.parameters())
    return sum(p.numel() for p in parameters if p.dim() > 1), sum(p.numel() for p in parameters)


assert numbers(networks["basic"]) == (28_224, 28_392)  # without biases, with them
assert numbers(networks["large"]) == (6_801_102, 6_803_139)

# %%
probe = ContextNetwork(1)
for parameter in probe.parameters():
    nn.init.ones_(parameter)  # every path counts
scores = torch.ones(1, 1, 81, 81, requires_grad=True)
(gradient,) = torch.autograd.grad(probe(scores)[0, 0, 40, 40], scores)
seen = gradient[0, 0] > 0
assert seen.sum() == 67**2
assert seen[7:74, 7:74].all()  # 67 x 67 without holes

# %%
plain_fields = stack_receptive_fields([3] * 33, [1] * 33)
plain_weights = [9 * C * C * n for n in range(1, 34)]
assert plain_fields[-1] == 67 == fields[-1]
context_weights = np.cumsum([layer.weight.numel() for layer in convolutions["basic"]]).tolist()
assert plain_weights[-1] == 130_977 > 4.5 * context_weights[-1]
left, right = figures.panels(2, height=2.9, widths=[1, 1.6])
figures.show_measured_field(left, gradient[0, 0], fields[-1])
figures.cost_of_field_curves(right, plain_fields, plain_weights, fields, context_weights)
figures.show()

# %% [markdown] lang="ru"
# Измеренное поле совпало с вычисленным, дырок в нём нет. Обычными слоями $3 \times 3$ до того же поля 67
# пришлось бы идти 33 слоя, и весов стало бы больше в 4,6 раза. Пулингами до такого поля дойти легко, но
# карта при этом сжимается. Сравним на изображении $128 \times 128$.

# %% [markdown] lang="en"
# The measured field equals the computed one, and it has no holes. With ordinary $3 \times 3$ layers the
# same field of 67 would take 33 layers and 4.6 times the weights. Poolings reach such a field easily, but
# they shrink the map. Compare the ways on an image of $128 \times 128$.

# %%
def field_and_side(layers, side=128):
    points = [(1, side)]
    for field in receptive_fields(layers).values():
        points.append((field.size[0], side // field.stride[0]))
    return points


convolution = nn.Conv2d(1, 1, 3, padding=1)
pooled = [convolution, convolution] + [nn.MaxPool2d(2), convolution] * 4
ways = {"pooling": pooled, "dilation": list(probe), "plain": [convolution] * 10}
points = {way: field_and_side(layers) for way, layers in ways.items()}
assert points["pooling"][-1] == (80, 8)
assert points["dilation"][-1] == (67, 128)
assert points["plain"][-1] == (21, 128)

# %%
(ax,) = figures.panels(1, height=2.8)
figures.field_against_size(ax, points)
figures.show()

# %% [markdown] lang="ru"
# Вот что сказано на слайде: **размер сохраняется, а поле растёт**. Обычные свёртки (треугольники) тоже
# хранят размер, но за десять слоёв доходят лишь до 21. Бесплатно ли это? По весам — да. По вычислениям —
# нет: слой на карте полного размера делает в 64 раза больше умножений, чем такой же слой на карте, сжатой в
# 8 раз по стороне.

# %% [markdown] lang="en"
# This is what the slide says: **the size stays, the field grows**. Ordinary convolutions (triangles) keep
# the size too, but ten layers take them only to 21. Is it free? In weights, yes. In computation, no: a
# layer on the map of full size does 64 times as many multiplications as the same layer on a map shrunk 8
# times a side.

# %% [markdown] lang="ru"
# ## Front end: шаг превращается в раздутие
#
# Откуда берутся карты логитов, которые уточняет контекстная сеть? Из предобученного классификатора. Его
# карта груба (шаг 32), но это поправимо. Пулинг с шагом 2 выбрасывает три ответа из четырёх. Пусть он
# отдаёт все (шаг 1), а веса следующих слоёв раздвинем вдвое. Тогда каждый нейрон считает в точности то, что
# считал, а между прежними нейронами появляются новые. Обучать для этого ничего не нужно.
#
# **Предскажите:** карта последнего слоя была $4 \times 4$ с шагом 32. Какой она станет, если довести шаг до
# 8? На каких местах найдутся прежние 16 нейронов?

# %% [markdown] lang="en"
# ## The front end: stride turns into dilation
#
# Where do the maps of logits come from that the context network improves? From a pretrained classifier. Its
# map is coarse (stride 32), but that can be mended. A pooling of stride 2 throws away three answers out of
# four. Let it give them all (stride 1), and pull the weights of the layers behind it twice as far apart. Then
# each unit computes exactly what it did, and new units appear in between. Nothing has to be trained for
# that.
#
# **Predict:** the map of the last layer was $4 \times 4$ at stride 32. What does it become when the stride
# is brought to 8? At which places are the former 16 units?

# %%
pretrained = load_pretrained(session.current().data, "resnet18")
nodes = {stride: node for stride, (node, _) in pretrained.maps.items()}
last, C = pretrained.maps[32]
backbones = {
    "strided": pretrained.model,
    "kept": dilated_copy(pretrained.model, poolings="kept"),
    "removed": dilated_copy(pretrained.model, poolings="removed"),
}
geometry = {way: receptive_field(network, last) for way, network in backbones.items()}

# %%
some = new.images[:4]
with torch.no_grad():
    maps = {way: FeatureMaps(n, nodes)(some)[32] for way, n in backbones.items()}
rows, columns = matching_units(geometry["strided"], geometry["kept"])
assert torch.allclose(maps["kept"][..., rows, columns], maps["strided"], atol=1e-4)
assert maps["strided"].shape[-2:] == (4, 4)
assert maps["kept"].shape[-2:] == maps["removed"].shape[-2:] == (16, 16)

# %%
channel = int(maps["strided"][0].std(dim=(1, 2)).argmax())
axes = figures.panels(4, height=2.4)
figures.show_image(axes[0], new.images[0])
for ax, (way, each) in zip(axes[1:], maps.items()):
    marked = (rows, columns) if way == "kept" else None
    figures.show_feature_grid(ax, each[0, channel], way, marked=marked)
figures.show()

# %% [markdown] lang="ru"
# Карта стала $16 \times 16$, и на отмеченных местах стоят те же 16 чисел, что и в грубой карте, у всех
# каналов и до точности вычислений, даже у края. Это тождество называют **à trous** («с дырками»); на нём
# построен DeepLab: пулинги остаются, но с шагом 1. Yu и Koltun последние два пулинга просто **убирают** (на
# рисунке справа) и оставляют раздутие. Это уже другая функция тех же весов: максимума по соседям в ней нет,
# карта резче. В статье такой вариант оказался и проще, и точнее.
#
# В самой статье front end сделан из VGG-16: без пулингов 4 и 5, слои conv5 раздуты вдвое, полносвязный fc6
# (теперь свёртка $7 \times 7$) — вчетверо.

# %% [markdown] lang="en"
# The map has become $16 \times 16$, and at the marked places stand the same 16 numbers as in the coarse map,
# in all channels, up to rounding, even at the border. This identity is called **à trous** ("with holes"), and
# DeepLab is built on it: the poolings stay, with stride 1. Yu and Koltun simply **remove** the last two
# poolings (on the right) and keep the dilation. That is another function of the same weights: there is no
# maximum over neighbours in it, and the map is sharper. In the paper this turned out both simpler and more
# accurate.
#
# The paper's own front end is made of VGG-16: poolings 4 and 5 removed, the conv5 layers dilated by 2, the
# dense fc6 (now a $7 \times 7$ convolution) by 4.

# %%
with torch.device("meta"):  # sizes only, no numbers
    paper = FrontEnd(num_classes=21)
    scores = paper(torch.empty(1, 3, 900, 900))
assert sum(p.numel() for p in paper.parameters()) == 134_346_581
assert scores.shape[-1] == (900 - 372) // 8 == 66
assert stack_receptive_fields([3] * 7 + [1], CONTEXT_DILATIONS)[-1] == 67  # one map, one glance

# %% [markdown] lang="ru"
# Обратите внимание на последние две строки: изображение, дополненное до $900 \times 900$, даёт карту
# $66 \times 66$, и поле контекстной сети, 67, накрывает её за один взгляд.
#
# Теперь соберём front end на нашей предобученной сети: те же слои без двух последних пулингов, над ними
# $3 \times 3$ с $l = 2$, ReLU и $1 \times 1$ до $K$ логитов. Предобученные слои заморожены, учится только
# голова. Карты замороженных слоёв не меняются, поэтому считаются один раз, и обучение идёт быстро. Каждый
# канал карт приведён к среднему 0 и стандартному отклонению 1, чтобы всем головам подошёл один шаг обучения.

# %% [markdown] lang="en"
# Look at the last two lines: an image padded to $900 \times 900$ gives a map of $66 \times 66$, and the
# field of the context network, 67, takes it in at a glance.
#
# Now build a front end on our pretrained network: the same layers without the last two poolings, above them a
# $3 \times 3$ with $l = 2$, ReLU and a $1 \times 1$ down to $K$ logits. The pretrained layers are frozen,
# only the head learns. The maps of frozen layers do not change, so they are computed once and training is
# quick. Every channel of the maps is brought to mean 0 and standard deviation 1, so that one learning rate
# suits all heads.

# %%
images, labels = train.images.to(device), train.labels.to(device)
new_images, new_labels = new.images.to(device), new.labels.to(device)
frozen = {
    way: FrozenMaps(FeatureMaps(network, nodes).to(device), standard=images)
    for way, network in backbones.items()
}


def dense(way, head, **more):
    return Segmenter(frozen[way], head, geometry[way], (128, 128), **more)


def trained(network, seed, rate=0.02):
    options = {"steps": 100, "batch": 4, "learning_rate": rate}
    return fit_scenes(network, images, labels, seed=seed, **options)


# %%
runs = {"front": []}
for seed in range(3):
    torch.manual_seed(seed)
    runs["front"].append(trained(dense("removed", field_head(C, K, hidden=16, dilation=2)), seed))

# %% [markdown] lang="ru"
# ## С чего начать контекстной сети
#
# Контекстная сеть ставится на уже обученный front end, и портить его ответы с первого шага незачем. Поэтому
# её инициализируют тождеством: центральный вес каждого ядра переносит свой канал дальше, остальные веса —
# нули (в сети Large каналы делятся на $C$ групп). Так сказано в статье. Проверим.
#
# **Предскажите:** что выдаст такая необученная сеть: логиты $x$ без изменений? Изменится ли ответ
# $\arg\max$?

# %% [markdown] lang="en"
# ## What a context network starts from
#
# The context network is put on a front end that is trained already, and there is no reason to spoil its
# logits at the first step. So it is initialised as the identity: the central weight of each kernel passes its
# channel on, all other weights are zero (in Large the channels are split into $C$ groups). So says the
# paper. Let us check.
#
# **Predict:** what does such an untrained network give: the logits $x$ unchanged? Does the answer
# $\arg\max$ change?

# %%
with torch.no_grad():
    x = runs["front"][0].scores(new_images).cpu()  # (N, K, 16, 16)
    basic, large = (ContextNetwork(K, size) for size in ("basic", "large"))
    assert torch.equal(basic(x), x.relu())  # exactly ReLU(x), not x
    assert (large(x) - x.relu()).abs().max() < 1e-5 * x.abs().max()  # up to rounding
    given = {"trained": x, "lowered": x - 5, "lifted": x - x.amin(dim=1, keepdim=True)}
    kept = {name: basic(each).argmax(1) == x.argmax(1) for name, each in given.items()}
survived = {name: each.double().mean().item() for name, each in kept.items()}

# %%
assert kept["trained"][x.amax(dim=1) > 0].all()  # a positive winner stays the winner
assert torch.allclose((x - 5).softmax(1), x.softmax(1), atol=1e-5)  # softmax sees no change
assert survived["lifted"] > 0.999
if session.current().data == "shapes":
    assert survived["lowered"] < 0.95 < 0.98 < survived["trained"]

# %%
left, right = figures.panels(2, height=2.8)
figures.identity_scatter(left, x[0], basic(x[:1]).detach()[0])
figures.survival_bars(right, survived)
figures.show()

# %% [markdown] lang="ru"
# На выходе не $x$, а $\mathrm{ReLU}(x)$: первая же ReLU обнуляет отрицательные логиты, и дальше передаётся
# уже это (у Basic — точно, у Large — до округления). Класс сохраняется там, где наибольший логит
# положителен. Если же отрицательны все, на выходе одни нули, и $\arg\max$ достаётся фону просто потому,
# что он первый.
#
# У обученного front end наибольший логит почти везде положителен, но никто этого не обещал: вычтем из всех
# логитов 5, softmax этого не заметит, а контекстная сеть часть классов потеряет. Если вычесть из логитов
# каждого нейрона наименьший, не теряется ничего.

# %% [markdown] lang="en"
# What comes out is not $x$ but $\mathrm{ReLU}(x)$: the very first ReLU zeroes the negative logits, and that
# is what is passed on (exactly in Basic, up to rounding in Large). A class survives where the greatest
# logit is positive. Where all are negative, only zeros come out, and $\arg\max$ falls to the background
# simply because it stands first.
#
# The trained front end has a positive winner nearly everywhere, but nobody promised that: subtract 5 from
# all logits, and softmax does not notice, yet the context network loses some of the classes. When each
# unit's least logit is subtracted from its logits, nothing is lost.

# %% [markdown] lang="ru"
# ## Последний слайд: кто лучше
#
# Лекция кончается рядом изображений: FCN-8s, DeepLab, front end, истина. Повторим его своими силами и
# постараемся быть справедливыми. Участники:
#
# - **FCN-32s** и **FCN-8s**: предобученная сеть с шагом 32; у 8s ещё и логиты с карт шагов 16 и 8;
# - **в духе DeepLab**: пулинги с шагом 1 и три параллельные ветви $3 \times 3$ с $l = 1, 2, 4$, логиты
#   складываются (как в DeepLab v2, но без CRF, который там правит границы по цвету);
# - **front end**, он же с **контекстной сетью** Basic (её учат после, front end уже не меняется);
# - **U-Net** с нуля: предобученных весов у неё нет. Ради скорости она работает на изображении вдвое меньшего
#   размера.
#
# У всех одни и те же 96 изображений, 100 шагов по 4 изображения и почти равное число обучаемых параметров.
# По три запуска.
#
# **Предскажите:** расставьте их по мере Жаккара. Поможет ли контекстная сеть?

# %% [markdown] lang="en"
# ## The last slide: which is best
#
# The lecture ends with a row of images: FCN-8s, DeepLab, front end, truth. Let us make it ourselves and try
# to be fair. The competitors:
#
# - **FCN-32s** and **FCN-8s**: the pretrained network at stride 32; 8s adds logits of the maps at strides 16
#   and 8;
# - **DeepLab-style**: poolings with stride 1 and three parallel $3 \times 3$ branches with $l = 1, 2, 4$,
#   their logits summed (as in DeepLab v2, but without the CRF that mends borders by colour there);
# - the **front end**, and the same with the **context network** Basic (trained afterwards, while the front
#   end no longer changes);
# - **U-Net** from scratch: it has no pretrained weights. For speed it works on the image at half size.
#
# All have the same 96 images, 100 steps of 4 images, and nearly the same number of trained parameters. Three
# runs each.
#
# **Predict:** put them in the order of the Jaccard index. Will the context network help?

# %%
channels = {stride: each for stride, (_, each) in pretrained.maps.items()}


def fcn(stride):
    field, relu, score = field_head(C, K, hidden=16)  # the front end's layers, undilated
    network = FCN(
        frozen["strided"], channels | {32: 16}, K, stride=stride, head=nn.Sequential(field, relu)
    )
    network.scores["32"].load_state_dict(score.state_dict())
    return network


def small_unet():
    network = UNet(3, K, width=8, depth=2, padded=True, batch_norm=True)
    double = nn.Upsample(scale_factor=2, mode="bilinear")
    return nn.Sequential(nn.AvgPool2d(2), Centre(), network, double)


# %%
builders = {
    "unet": small_unet,
    "fcn32": lambda: fcn(32),
    "fcn8": lambda: fcn(8),
    "deeplab": lambda: dense("kept", FieldsOfView(C, K, hidden=6, dilations=(1, 2, 4))),
}
for key, build in builders.items():
    runs[key] = []
    for seed in range(3):
        torch.manual_seed(seed)
        runs[key].append(trained(build(), seed))

# %% [markdown] lang="ru"
# Теперь контекстная сеть. На неё уходит ещё 100 шагов, и это уже неравенство. Поэтому рядом нужны
# контрольные запуски: тот же front end, который просто учили ещё 100 шагов (`longer`), и та же контекстная
# сеть без раздутия, $l = 1$ во всех слоях (`plain`). Ещё два контроля: `kept` — front end с оставленными
# пулингами, `skips` — front end, который, как FCN-8s, читает и две более ранние карты.

# %% [markdown] lang="en"
# Now the context network. It takes another 100 steps, and that is an inequality. So there have to be
# controls: the same front end that was simply trained for 100 steps more (`longer`), and the same context
# network without dilation, $l = 1$ in all layers (`plain`). Two more controls: `kept`, a front end with its
# poolings kept, and `skips`, a front end that reads two earlier maps as well, as FCN-8s does.

# %%
runs |= {"context": [], "plain": [], "longer": [], "kept": [], "skips": []}
earlier = {stride: channels[stride] for stride in (16, 8)}
for seed, front in enumerate(runs["front"]):
    torch.manual_seed(seed)
    runs["context"].append(trained(front.with_context(ContextNetwork(K)), seed, 0.005))
    runs["plain"].append(trained(front.with_context(plain_context(K)), seed, 0.005))
    runs["longer"].append(trained(dense("removed", deepcopy(front.head)), seed))

# %%
for seed in range(3):
    torch.manual_seed(seed)
    heads = [field_head(C, K, hidden=16, dilation=2) for _ in range(2)]
    runs["kept"].append(trained(dense("kept", heads[0]), seed))
    reading = dense("removed", heads[1], num_classes=K, skips=earlier)
    runs["skips"].append(trained(reading, seed))

# %%
answers, quality = {}, {}
with torch.no_grad(), one_thread():
    for key, networks in runs.items():
        answers[key] = [network(new_images).argmax(dim=1) for network in networks]
        counts = [confusion_counts(a, new_labels, K) for a in answers[key]]
        quality[key] = [mean_jaccard(each).item() for each in counts]
mean = {key: np.mean(values) for key, values in quality.items()}

# %% [markdown] lang="ru"
# Сначала о том, что было равно, а что нет. Таблицу составляют сами сети.

# %% [markdown] lang="en"
# First, what was equal and what was not. The networks make the table themselves.

# %%
below = {"fcn32": "strided", "fcn8": "strided", "deeplab": "kept"}
beyond = {"fcn32": 64, "fcn8": 64, "deeplab": 64, "context": 32 + 66 * 8}  # pixels the head adds

# %%
rows = []
for key in ("unet", "fcn32", "fcn8", "deeplab", "front", "context"):
    sizes = [(p.numel(), p.requires_grad) for p in runs[key][0].parameters()]
    count = sum(size for size, learns in sizes if learns)
    if key == "context":  # its front end was trained, too
        count += sum(p.numel() for p in runs["front"][0].head.parameters())
    total, scratch = sum(size for size, _ in sizes), key == "unet"
    field = geometry[below.get(key, "removed")].size[0] + beyond.get(key, 32)
    side, steps = {"unet": 64, "fcn32": 4}.get(key, 16), 200 if key == "context" else 100
    row = (key, count, total, not scratch, steps, side, None if scratch else field)
    rows.append(figures.CompetitorRow(*row))

# %%
trained_sizes = [row.trained for row in rows]
if session.current().data == "shapes":
    assert max(trained_sizes) < 1.15 * min(trained_sizes)
figures.competitors_table(rows)

# %%
left, right = figures.panels(2, height=2.9)
slide = ("unet", "fcn32", "fcn8", "deeplab", "front", "context")
figures.quality_bars(left, {key: quality[key] for key in slide}, "slide")
controls = ("front", "kept", "context", "longer", "plain", "skips", "fcn8")
figures.quality_bars(right, {key: quality[key] for key in controls}, "controls")
figures.show()

# %%
if session.current().data == "shapes":
    assert mean["front"] > mean["fcn32"] + 0.1  # same layers, finer map
    assert mean["front"] > mean["deeplab"] + 0.03
    assert mean["front"] > mean["kept"]
    assert mean["context"] > mean["front"] + 0.01
    assert mean["longer"] > mean["context"] - 0.03  # training on gives as much
    assert abs(mean["context"] - mean["plain"]) < 0.08  # and dilation adds little
    assert min(quality["fcn8"]) > max(quality["front"]) + 0.08
    assert abs(mean["skips"] - mean["fcn8"]) < 0.1  # earlier maps make the difference
    assert mean["unet"] < mean["fcn32"]

# %% [markdown] lang="ru"
# Столбцы — средние по трём запускам, точки — сами запуски, отрезки — одно стандартное отклонение. По пунктам:
#
# 1. **Подробная карта нужна.** У front end те же слои, что у FCN-32s, только карта $16 \times 16$ вместо
#    $4 \times 4$, и мера Жаккара выше больше чем на 0,1. Новых весов на это не ушло. Правда, сети отличаются
#    и тем, что пулинги убраны, и полем: 174 против 230.
# 2. **Убрать пулинги лучше, чем оставить.** Front end обгоняет сеть в духе DeepLab, как и в статье. Дело не
#    только в голове: с той же головой, но с оставленными пулингами front end тоже хуже (справа).
# 3. **Контекстная сеть помогла, но не раздутием.** Она прибавляет к front end больше 0,01. Однако front end,
#    который просто учили столько же лишних шагов, не хуже (справа), а контекстная сеть с $l = 1$ почти не
#    отстаёт. На этих данных заслуги раздутия не видно, и об этом нужно сказать прямо.
# 4. **FCN-8s здесь лучше всех**, тогда как в статье front end её обошёл. Контроль показывает, в чём дело:
#    front end, который читает те же две ранние карты, почти догоняет. Разницу делают подробности из начала
#    сети, а не способ получить подробную карту.
# 5. **U-Net с нуля** за 100 шагов не научилась почти ничему. Это сравнение не архитектур, а предобучения с
#    его отсутствием; чему U-Net может научиться, показано в лекции 07.
#
# Почему контексту нечего добавить? Одна причина видна в таблице: поле восприятия нейрона front end и без того
# 174 пикселя, больше самого изображения. Вторую проверим: на карте $16 \times 16$ сдвиг на 16 всегда выводит
# за край.

# %% [markdown] lang="en"
# Bars are means over three runs, dots the runs themselves, whiskers one standard deviation. In order:
#
# 1. **A finer map is needed.** The front end has the same layers as FCN-32s, only its map is
#    $16 \times 16$ instead of $4 \times 4$, and its Jaccard index is higher by more than 0.1. It took no new
#    weights. To be sure, the two also differ in the poolings removed and in the field: 174 against 230.
# 2. **Removing poolings beats keeping them.** The front end is ahead of the DeepLab-style network, as in the
#    paper. The head is not the only cause: with the same head but poolings kept, the front end is worse, too
#    (on the right).
# 3. **The context network helped, but not by its dilation.** It adds more than 0.01 to the front end. Yet a
#    front end that was simply trained for as many more steps is no worse (on the right), and a context
#    network with $l = 1$ is hardly behind. On these data no merit of the dilation shows, and that has to be
#    said plainly.
# 4. **FCN-8s is the best here**, while in the paper the front end beat it. The control shows why: a front end
#    that reads the same two earlier maps comes close. Details from the beginning of the network make the
#    difference, not the way to a finer map.
# 5. **U-Net from scratch** learnt next to nothing in 100 steps. This compares pretraining with its absence
#    rather than architectures; what U-Net can learn is shown in lecture 07.
#
# Why has context nothing to add? One reason stands in the table: a unit of the front end sees 174 pixels
# anyway, more than the whole image. Let us check the other: on a map of $16 \times 16$ a shift by 16 always
# leads beyond the edge.

# %%
if session.current().data == "shapes":
    assert rows[4].field == 174 > 128
probe = ContextNetwork(K)
for parameter in probe.parameters():
    nn.init.ones_(parameter)
probe(torch.ones(1, K, 16, 16)).sum().backward()
idle = {
    layer.dilation[0]: int((layer.weight.grad == 0).sum())
    for layer in probe
    if isinstance(layer, nn.Conv2d)
}
assert idle == {1: 0, 2: 0, 4: 0, 8: 0, 16: 8 * K * K}  # never touch a score

# %% [markdown] lang="ru"
# Восемь весов из девяти в слое с $l = 16$ читают одни нули. Контекстная сеть рассчитана на карты порядка
# $64 \times 64$, где один логит front end видит лишь часть изображения. Опыт с меткой показал, чем раздутие
# помогает, когда далёкое действительно нужно; этот — что оно не помогает ничем, когда далёкое и так видно.
#
# Вот и сам слайд: одна сцена, все участники.

# %% [markdown] lang="en"
# Eight weights out of nine in the layer with $l = 16$ read nothing but zeros. The context network was made
# for maps of about $64 \times 64$, where one logit of the front end sees only part of the image. The
# experiment with the mark showed what dilation gives when something far away is really needed; this one,
# that it gives nothing when the far is seen anyway.
#
# And here is the slide itself: one scene, all competitors.

# %%
scene = int((new.labels > 0).float().mean(dim=(1, 2)).argmax())  # the most to label
axes = figures.panels(4, rows=2, height=2.35)
figures.show_image(axes[0], new.images[scene])
figures.show_competitor(axes[1], new.labels[scene], new.names, "truth")
for ax, key in zip(axes[2:], slide):
    figures.show_competitor(ax, answers[key][0][scene].cpu(), new.names, key)
figures.show()

# %% [markdown] lang="ru"
# Одна сцена ничего не доказывает. Полистайте остальные.
#
# **Предскажите:** кто чаще путает классы, а кто — границы?

# %% [markdown] lang="en"
# One scene proves nothing. Leaf through the others.
#
# **Predict:** which network confuses classes more often, and which borders?

# %%
first = {key: answers[key][0].cpu() for key in (*slide, "skips")}
figures.comparison_browser(new.images, new.labels, first, new.names)

# %% [markdown] lang="ru"
# На VOC 2012 те же ячейки берут ResNet-18 с весами ImageNet. Пулингов после шага 4 у неё нет, шаг делают
# свёртки, поэтому «оставить» и «убрать» — одно и то же. Классов 21, и головы уже не так близки по числу
# весов: смотрите таблицу. Порядок сетей там может оказаться другим; утверждения выше относятся к встроенным
# сценам.

# %% [markdown] lang="en"
# On VOC 2012 the same cells take ResNet-18 with ImageNet's weights. It has no poolings beyond stride 4, its
# strides are in the convolutions, so "kept" and "removed" are one and the same. There are 21 classes, and the
# heads are no longer so close in their number of weights: see the table. The order of the networks may differ
# there; the statements above are about the built-in scenes.

# %% [markdown] lang="ru"
# ## Что опубликовано
#
# В статье все слои дообучены, сеть — VGG-16, изображения большие. Вот её числа: мера Жаккара в процентах.
#
# **Предскажите:** в таблице статьи двадцать классов и среднее, но среднее взято по двадцати одному. Какой
# результат был у фона, который не напечатан?

# %% [markdown] lang="en"
# ## What was published
#
# In the paper all layers are fine-tuned, the network is VGG-16, and images are large. Here are its numbers,
# the Jaccard index in per cent.
#
# **Predict:** the paper's table has twenty classes and a mean, but the mean is over twenty-one. What did the
# background get, which is not printed?

# %%
for each in DILATED_TEST.values():
    assert 91 < each.background < 93  # 21 means minus the twenty that are printed
gain = {name: value - DILATED_VALIDATION["front end"] for name, value in DILATED_VALIDATION.items()}
assert round(gain["basic"], 1) == 1.5
assert round(gain["large"], 1) == 2.3
figures.published_dilated_table(DILATED_TEST, DILATED_VALIDATION)

# %% [markdown] lang="ru"
# У всех трёх фон получил от 91 до 93: он находится легко и поднимает среднее. Среднее напечатано с
# точностью до 0,05, а умножается на 21, поэтому фон известен лишь с точностью до единицы. Контекстная сеть
# прибавляет 1,5 (Basic) и 2,3 (Large) к 69,8. Это числа авторов, мы их не воспроизводили.

# %% [markdown] lang="en"
# With all three the background got 91 to 93: it is easily found and lifts the mean. The mean is printed to
# within 0.05 and is multiplied by 21, so the background is known only to within one. The context network adds
# 1.5 (Basic) and 2.3 (Large) to 69.8. These are the authors' numbers; we did not reproduce them.

# %% [markdown] lang="ru"
# ## Проверьте себя
#
# <details><summary>1. Сколько пикселей по стороне накрывает ядро $5 \times 5$ при $l = 3$ и на сколько
# нужно дополнить карту, чтобы её размер сохранился?</summary>
#
# $3 \cdot (5 - 1) + 1 = 13$; дополнить на 6 с каждой стороны.
#
# </details>
#
# <details><summary>2. Какое поле у стопки $3 \times 3$ с $l = 1, 3, 9$? Есть ли в нём дырки?</summary>
#
# $1 + 2(1 + 3 + 9) = 27$. Дырок нет: каждый пиксель виден ровно одним путём. Расстояние между весами слоя не
# превышает поля предыдущих слоёв; этого и достаточно.
#
# </details>
#
# <details><summary>3. Контекстную сеть поставили после слоя, который выдаёт логарифмы вероятностей. Что она
# выдаст до обучения?</summary>
#
# Нули: логарифмы вероятностей не бывают положительными, и первая ReLU обнулит их все. Градиент сквозь неё
# тоже не пройдёт.
#
# </details>
#
# <details><summary>4. Почему сеть с <code>poolings="kept"</code> не лучше исходной на прежних 16
# местах?</summary>
#
# Там она считает в точности то же самое. Выигрыш только в новых нейронах между ними.
#
# </details>
#
# <details><summary>5. Раздутие не прибавляет весов. За что же платят?</summary>
#
# За вычисления и память: все слои работают на большой карте.
#
# </details>

# %% [markdown] lang="en"
# ## Check yourself
#
# <details><summary>1. How many pixels a side does a $5 \times 5$ kernel span with $l = 3$, and by how much
# must the map be padded to keep its size?</summary>
#
# $3 \cdot (5 - 1) + 1 = 13$; by 6 on each side.
#
# </details>
#
# <details><summary>2. What is the field of a $3 \times 3$ stack with $l = 1, 3, 9$? Has it holes?</summary>
#
# $1 + 2(1 + 3 + 9) = 27$. No holes: every pixel is seen by exactly one path. The distance between the weights
# of a layer does not exceed the field of the layers before, and that is enough.
#
# </details>
#
# <details><summary>3. A context network is put behind a layer that gives logarithms of probabilities. What
# does it give before training?</summary>
#
# Zeros: logarithms of probabilities are never positive, and the first ReLU zeroes them all. No gradient gets
# through it, either.
#
# </details>
#
# <details><summary>4. Why is the network with <code>poolings="kept"</code> no better than the original at the
# former 16 places?</summary>
#
# There it computes exactly the same. All the gain is in the new units between them.
#
# </details>
#
# <details><summary>5. Dilation adds no weights. What does one pay for, then?</summary>
#
# Computation and memory: all layers work on the large map.
#
# </details>

# %%
assert (seen_paths((1, 3, 9)) == 1).all()  # question 2
assert len(seen_paths((1, 3, 9))) == 27
assert len(kernel_with_holes(torch.ones(1, 1, 5, 5), 3)[0, 0]) == 13  # question 1
log_probabilities = torch.randn(1, K, 8, 8).log_softmax(dim=1)
assert ContextNetwork(K)(log_probabilities).abs().max() == 0  # question 3

# %% [markdown] lang="ru"
# ## Итоги
#
# - Раздутая свёртка — обычная с нулями между весами. Весов столько же, поле шире; дополнение нулями растёт
#   вместе с $l$.
# - Удвоение $l$ даёт поле, растущее как степень двойки, без дырок. Одинаковые $l > 1$ или сплошь чётные $l$
#   дают решётку.
# - Контекстная сеть видит $67 \times 67$ при 28 224 весах (Basic, $C = 21$). Начинают её с тождества,
#   которое на деле равно ReLU.
# - Шаг классификатора можно заменить раздутием, и прежние нейроны останутся прежними.
# - На наших сценах подробная карта дала много, контекст — не больше, чем лишние шаги обучения, а ранние карты
#   FCN-8s — больше всего.
#
# **Дальше:** задание `dilated`, последнее в курсе.
#
# **Оглядываясь назад.** Курс начался с того, что обученную сеть можно взять для новой задачи, обучив заново
# немного (01), и заглянуть в то, что она нашла (02). Затем задачи компьютерного зрения свелись к
# классификации (03), и одна из них, семантическая сегментация, получила метрику (04) и функцию потерь (05).
# Последние три лекции отвечали на один вопрос: как видеть далеко и при этом точно знать где, — слиянием
# карт разных шагов (06), пробросом в декодировщик (07) и раздутием (08). Все утверждения вы видели в
# опытах, и некоторые из них на наших данных не подтвердились; проверяйте и чужие таблицы так же.
#
# **Источники**
# - F. Yu, V. Koltun. Multi-Scale Context Aggregation by Dilated Convolutions. ICLR 2016,
#   [arXiv:1511.07122](https://arxiv.org/abs/1511.07122).
# - L.-C. Chen, G. Papandreou, I. Kokkinos, K. Murphy, A. L. Yuille. Semantic Image Segmentation with Deep
#   Convolutional Nets and Fully Connected CRFs. ICLR 2015,
#   [arXiv:1412.7062](https://arxiv.org/abs/1412.7062).
# - L.-C. Chen и др. DeepLab: Semantic Image Segmentation with Deep Convolutional Nets, Atrous Convolution,
#   and Fully Connected CRFs. 2017, [arXiv:1606.00915](https://arxiv.org/abs/1606.00915).
# - L.-C. Chen, G. Papandreou, F. Schroff, H. Adam. Rethinking Atrous Convolution for Semantic Image
#   Segmentation. 2017, [arXiv:1706.05587](https://arxiv.org/abs/1706.05587).
# - P. Wang и др. Understanding Convolution for Semantic Segmentation. WACV 2018,
#   [arXiv:1702.08502](https://arxiv.org/abs/1702.08502) (решётка).
# - F. Yu, V. Koltun, T. Funkhouser. Dilated Residual Networks. CVPR 2017,
#   [arXiv:1705.09914](https://arxiv.org/abs/1705.09914).
# - J. Long, E. Shelhamer, T. Darrell. Fully Convolutional Networks for Semantic Segmentation. CVPR 2015,
#   [arXiv:1411.4038](https://arxiv.org/abs/1411.4038).
# - O. Ronneberger, P. Fischer, T. Brox. U-Net: Convolutional Networks for Biomedical Image Segmentation.
#   MICCAI 2015, [arXiv:1505.04597](https://arxiv.org/abs/1505.04597).

# %% [markdown] lang="en"
# ## Summary
#
# - A dilated convolution is an ordinary one with zeros between its weights. As many weights, a wider field;
#   padding grows with $l$.
# - Doubling $l$ gives a field that grows as a power of two, without holes. Equal $l > 1$ or all even $l$ give
#   a grid.
# - The context network sees $67 \times 67$ with 28,224 weights (Basic, $C = 21$). It starts from the
#   identity, which in truth is ReLU.
# - A classifier's stride can be traded for dilation, and the former units stay as they were.
# - On our scenes the finer map gave much, context no more than extra steps of training, and FCN-8s's earlier
#   maps gave the most.
#
# **Next:** the assignment `dilated`, the last of the course.
#
# **Looking back.** The course began with taking a trained network to a new task by training a little of it
# anew (01), and with looking into what it had found (02). Then the tasks of computer vision were reduced to
# classification (03), and one of them, semantic segmentation, got its metrics (04) and its loss (05). The
# last three lectures answered one question, how to see far and still know exactly where: by fusing maps of
# several strides (06), by copying layers into the decoder (07), and by dilation (08). You have seen every
# claim in an experiment, and some did not hold on our data; check other people's tables the same way.
#
# **Papers**
# - F. Yu, V. Koltun. Multi-Scale Context Aggregation by Dilated Convolutions. ICLR 2016,
#   [arXiv:1511.07122](https://arxiv.org/abs/1511.07122).
# - L.-C. Chen, G. Papandreou, I. Kokkinos, K. Murphy, A. L. Yuille. Semantic Image Segmentation with Deep
#   Convolutional Nets and Fully Connected CRFs. ICLR 2015,
#   [arXiv:1412.7062](https://arxiv.org/abs/1412.7062).
# - L.-C. Chen et al. DeepLab: Semantic Image Segmentation with Deep Convolutional Nets, Atrous Convolution,
#   and Fully Connected CRFs. 2017, [arXiv:1606.00915](https://arxiv.org/abs/1606.00915).
# - L.-C. Chen, G. Papandreou, F. Schroff, H. Adam. Rethinking Atrous Convolution for Semantic Image
#   Segmentation. 2017, [arXiv:1706.05587](https://arxiv.org/abs/1706.05587).
# - P. Wang et al. Understanding Convolution for Semantic Segmentation. WACV 2018,
#   [arXiv:1702.08502](https://arxiv.org/abs/1702.08502) (gridding).
# - F. Yu, V. Koltun, T. Funkhouser. Dilated Residual Networks. CVPR 2017,
#   [arXiv:1705.09914](https://arxiv.org/abs/1705.09914).
# - J. Long, E. Shelhamer, T. Darrell. Fully Convolutional Networks for Semantic Segmentation. CVPR 2015,
#   [arXiv:1411.4038](https://arxiv.org/abs/1411.4038).
# - O. Ronneberger, P. Fischer, T. Brox. U-Net: Convolutional Networks for Biomedical Image Segmentation.
#   MICCAI 2015, [arXiv:1505.04597](https://arxiv.org/abs/1505.04597).
