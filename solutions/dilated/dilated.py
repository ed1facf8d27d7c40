# %% [markdown] lang="ru"
# # Раздутые свёртки
#
# **После этого задания вы сможете**
# - посчитать поле восприятия стопки раздутых свёрток и написать такую свёртку своими руками;
# - собрать контекстную сеть Basic и Large по таблице;
# - инициализировать её тождеством;
# - обучить сеть там, где без широкого поля восприятия не обойтись.
#
# **Время:** около двух часов. Упражнения идут от простых к сложным, друг от друга они не зависят.
#
# **Как устроена проверка.** Под каждым решением стоит ячейка с `check(...)`. Запускайте её сколько угодно
# раз: она скажет, что не так, и покажет самый маленький пример, на котором ответ расходится с верным. При
# выставлении оценки те же проверки пройдут на других данных.
#
# **Правила.** Пишите код на месте строк `raise NotImplementedError()`; свои вспомогательные функции
# можно добавлять где угодно. Во втором упражнении нельзя вызывать готовые свёртки и `F.unfold`, нигде нельзя
# брать готовые сети для сегментации и функции из `course_utils.reference`. Сравнивать с ними свой ответ в
# отдельной ячейке можно и полезно.
# При выставлении оценки есть стандартная библиотека Python, `torch`, `torchvision`, `numpy`, `matplotlib`,
# `PIL` и `tqdm`; других библиотек (`pandas`, `cv2`) и GPU там нет.

# %% [markdown] lang="en"
# # Dilated convolutions
#
# **After this assignment you will be able to**
# - work out the receptive field of a stack of dilated convolutions and write such a convolution by hand;
# - build the context network, Basic and Large, from its table;
# - initialise it as the identity;
# - train a network where nothing works without a wide receptive field.
#
# **Time:** about two hours. The exercises grow harder; none depends on another.
#
# **How checking works.** Under each solution there is a cell with `check(...)`. Run it as often as you
# like: it says what is wrong and shows the smallest example on which your answer departs from the right
# one. For the mark, the same checks run on other data.
#
# **Rules.** Write your code in place of `raise NotImplementedError()`; add helper functions of your own
# anywhere. In the second exercise ready convolutions and `F.unfold` may not be called; nowhere may you take
# ready networks for segmentation or the functions of `course_utils.reference`. Comparing your answer with
# them in a cell of your own is allowed, and wise.
# Where hand-ins are graded there are Python's own library, `torch`, `torchvision`, `numpy`, `matplotlib`,
# `PIL` and `tqdm`; no other libraries (no `pandas`, no `cv2`) and no GPU.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.data import VOID
from course_utils.data.size_scenes import SIZE_NAMES, load_size_scenes

# %% [markdown] lang="ru"
# ## 1. Что видит стопка свёрток
# *10 минут*
#
# Свёртки с шагом 1 стоят друг на друге. У каждой своё ядро $k \times k$ и свой коэффициент раздутия $l$:
# соседние веса ядра стоят на расстоянии $l$ пикселей. Сколько пикселей по стороне видит нейрон после
# каждого слоя?
#
# Пример. Ядра $3, 5$, коэффициенты $1, 2$. После первого слоя нейрон видит $3$ пикселя. Пять весов второго
# слоя стоят на местах $0, 2, 4, 6, 8$ и видят пиксели $0 \ldots 2$, $2 \ldots 4$, …, $8 \ldots 10$. Всего
# $11$, и ответ — `[3, 11]`.

# %% [markdown] lang="en"
# ## 1. What a stack of convolutions sees
# *10 minutes*
#
# Convolutions of stride 1 stand on top of one another. Each has a $k \times k$ kernel and a dilation $l$ of
# its own: neighbouring weights of the kernel are $l$ pixels apart. How many pixels a side does a unit see
# after each layer?
#
# An example. Kernels $3, 5$, dilations $1, 2$. After the first layer a unit sees $3$ pixels. The five weights
# of the second layer stand at the places $0, 2, 4, 6, 8$ and see the pixels $0 \ldots 2$, $2 \ldots 4$, …,
# $8 \ldots 10$. That makes $11$, and the answer is `[3, 11]`.


# %% exercise="stack_receptive_fields"
def stack_receptive_fields(kernels, dilations):
    """Receptive field after each layer of a stack of convolutions with stride 1.

    kernels, dilations: lists of whole numbers, one for each layer, the first layer first.
    Returns a list as long: the side of the receptive field, in pixels.
    """
    ### BEGIN SOLUTION
    field, fields = 1, []
    for kernel, dilation in zip(kernels, dilations, strict=True):
        field += dilation * (kernel - 1)
        fields.append(field)
    return fields
    ### END SOLUTION


# %% check="stack_receptive_fields"
check("stack_receptive_fields", stack_receptive_fields)

# %% [markdown] lang="ru"
# <details><summary>Один слой верно, два — нет</summary>
#
# Нарисуйте пример в одном измерении: точки в три ряда и отрезки от нейрона к его пикселям. На сколько
# крайний пиксель отодвинулся с каждой стороны?
# </details>
# <details><summary>Все числа больше или меньше на единицу</summary>
#
# Сколько пикселей видит нейрон, если слоёв нет? И сколько промежутков между $k$ весами?
# </details>

# %% [markdown] lang="en"
# <details><summary>One layer is right, two are not</summary>
#
# Draw the example in one dimension: dots in three rows and lines from a unit to its pixels. By how much did
# the outermost pixel move on each side?
# </details>
# <details><summary>All numbers are off by one</summary>
#
# How many pixels does a unit see without any layer? And how many gaps are there between $k$ weights?
# </details>

# %% [markdown] lang="ru"
# ## 2. Раздутая свёртка своими руками
# *30 минут*
#
# Дополните изображение нулями на `padding` пикселей со всех четырёх сторон и посчитайте
#
# $$y_{o}(i, j) = \sum_{c}\sum_{a=0}^{k-1}\sum_{b=0}^{k-1} w_{oc}(a, b)\; x_c(i + l a,\ j + l b)$$
#
# во всех местах, где ядро целиком помещается в дополненном изображении. Ядро не переворачивается, как и
# принято в библиотеках.
#
# Пример. Строка $1, 2, 3, 4, 5, 6$ и три веса $1, 0, -2$ в одном измерении, `padding = 0`. При $l = 1$ ответ
# $1 - 2 \cdot 3 = -5$, $2 - 2 \cdot 4 = -6$, $-7$, $-8$. При $l = 2$ веса накрывают пять пикселей, и мест
# всего два: $1 - 2 \cdot 5 = -9$ и $2 - 2 \cdot 6 = -10$.

# %% [markdown] lang="en"
# ## 2. A dilated convolution by hand
# *30 minutes*
#
# Put `padding` pixels of zeros around the image, on all four sides, and work out
#
# $$y_{o}(i, j) = \sum_{c}\sum_{a=0}^{k-1}\sum_{b=0}^{k-1} w_{oc}(a, b)\; x_c(i + l a,\ j + l b)$$
#
# at all places where the whole kernel fits into the padded image. The kernel is not flipped, as is usual in
# libraries.
#
# An example. The row $1, 2, 3, 4, 5, 6$ and three weights $1, 0, -2$ in one dimension, `padding = 0`. With
# $l = 1$ the answer is $1 - 2 \cdot 3 = -5$, $2 - 2 \cdot 4 = -6$, $-7$, $-8$. With $l = 2$ the weights span
# five pixels, and there are only two places: $1 - 2 \cdot 5 = -9$ and $2 - 2 \cdot 6 = -10$.


# %% exercise="dilated_convolution"
def dilated_convolution(images, weight, dilation, padding):
    """Cross-correlation with a kernel whose weights stand `dilation` pixels apart.

    images: (N, C, H, W) tensor of floats. weight: (C_out, C, k, k) of the same dtype.
    dilation: 1 or more. padding: zeros on each side, in pixels, 0 or more.
    Returns (N, C_out, H', W') of the same dtype; gradients flow back to images.
    """
    ### BEGIN SOLUTION
    padded = F.pad(images, (padding, padding, padding, padding))
    kernel = weight.shape[2]
    height = padded.shape[2] - dilation * (kernel - 1)
    width = padded.shape[3] - dilation * (kernel - 1)
    answer = 0
    for a in range(kernel):
        for b in range(kernel):
            top, left = dilation * a, dilation * b
            under = padded[:, :, top : top + height, left : left + width]
            answer = answer + torch.einsum("oc,nchw->nohw", weight[:, :, a, b], under)
    return answer
    ### END SOLUTION


# %% check="dilated_convolution"
check("dilated_convolution", dilated_convolution)

# %% [markdown] lang="ru"
# <details><summary>Размер ответа не тот</summary>
#
# Сколько пикселей накрывают $k$ весов, которые стоят через $l$? Столько мест и теряется, если не считать
# одного. Проверьте на примере выше: шесть пикселей, три веса.
# </details>
# <details><summary>При $l = 1$ верно, при $l = 2$ числа другие</summary>
#
# Напечатайте, какие пиксели умножаются на какие веса, для одного места.
# </details>
# <details><summary>Долго или запутанные циклы</summary>
#
# Переберите не пиксели ответа, а веса ядра: каждый вес умножается на сдвинутое изображение целиком.
# </details>
# <details><summary>Градиент не доходит</summary>
#
# `.item()`, `.detach()`, `.data` и `numpy` обрывают его.
# </details>

# %% [markdown] lang="en"
# <details><summary>The answer has another size</summary>
#
# How many pixels do $k$ weights span that stand $l$ apart? So many places are lost, but for one. Try it on
# the example above: six pixels, three weights.
# </details>
# <details><summary>Right with $l = 1$, other numbers with $l = 2$</summary>
#
# Print which pixels are multiplied by which weights, for one place.
# </details>
# <details><summary>It takes long, or the loops are a tangle</summary>
#
# Loop over the weights of the kernel and not over the pixels of the answer: each weight multiplies a whole
# shifted image.
# </details>
# <details><summary>No gradient arrives</summary>
#
# `.item()`, `.detach()`, `.data` and `numpy` cut it off.
# </details>

# %% [markdown] lang="ru"
# ## 3. Контекстная сеть
# *20 минут*
#
# Соберите контекстную сеть Yu и Koltun. Она получает $C$ карт логитов и отдаёт $C$ карт того же размера.
#
# | слой | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |
# |---|---|---|---|---|---|---|---|---|
# | ядро | 3 × 3 | 3 × 3 | 3 × 3 | 3 × 3 | 3 × 3 | 3 × 3 | 3 × 3 | 1 × 1 |
# | раздутие | 1 | 1 | 2 | 4 | 8 | 16 | 1 | 1 |
# | ReLU после слоя | да | да | да | да | да | да | да | нет |
# | поле восприятия | 3 | 5 | 9 | 17 | 33 | 65 | 67 | 67 |
# | каналов, Basic | $C$ | $C$ | $C$ | $C$ | $C$ | $C$ | $C$ | $C$ |
# | каналов, Large | $2C$ | $2C$ | $4C$ | $8C$ | $16C$ | $32C$ | $32C$ | $C$ |
#
# У каждой свёртки есть сдвиг, и каждая дополняет карту нулями так, чтобы размер сохранился.
#
# Пример. $C = 21$, Basic: семь слоёв по $21 \cdot 21 \cdot 9 + 21 = 3990$ параметров и последний с
# $21 \cdot 21 + 21 = 462$, всего $28\,392$. У Large их $6\,803\,139$.

# %% [markdown] lang="en"
# ## 3. The context network
# *20 minutes*
#
# Build the context network of Yu and Koltun. It takes $C$ maps of scores and returns $C$ maps of the same
# size.
#
# | layer | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |
# |---|---|---|---|---|---|---|---|---|
# | kernel | 3 × 3 | 3 × 3 | 3 × 3 | 3 × 3 | 3 × 3 | 3 × 3 | 3 × 3 | 1 × 1 |
# | dilation | 1 | 1 | 2 | 4 | 8 | 16 | 1 | 1 |
# | ReLU behind it | yes | yes | yes | yes | yes | yes | yes | no |
# | receptive field | 3 | 5 | 9 | 17 | 33 | 65 | 67 | 67 |
# | channels, Basic | $C$ | $C$ | $C$ | $C$ | $C$ | $C$ | $C$ | $C$ |
# | channels, Large | $2C$ | $2C$ | $4C$ | $8C$ | $16C$ | $32C$ | $32C$ | $C$ |
#
# Every convolution has a bias, and each pads the map with zeros so that its size is kept.
#
# An example. $C = 21$, Basic: seven layers of $21 \cdot 21 \cdot 9 + 21 = 3990$ parameters and the last one
# with $21 \cdot 21 + 21 = 462$, altogether $28{,}392$. Large has $6{,}803{,}139$.


# %% exercise="context_network"
def context_network(channels, size):
    """The context network: scores in, scores of the same size out.

    channels: C, the number of classes. size: "basic" or "large".
    Returns an nn.Module that takes (N, C, H, W) and returns (N, C, H, W).
    """
    ### BEGIN SOLUTION
    widths = {"basic": [1] * 7, "large": [2, 2, 4, 8, 16, 32, 32]}[size]
    layers, before = [], channels
    for times, dilation in zip(widths, [1, 1, 2, 4, 8, 16, 1], strict=True):
        after = times * channels
        layers.append(nn.Conv2d(before, after, 3, padding=dilation, dilation=dilation))
        layers.append(nn.ReLU())
        before = after
    return nn.Sequential(*layers, nn.Conv2d(before, channels, 1))
    ### END SOLUTION


# %% check="context_network"
check("context_network", context_network)

# %% [markdown] lang="ru"
# <details><summary>Карта уменьшается</summary>
#
# Раздутое ядро накрывает $2l + 1$ пикселей. Сколько нулей нужно с каждой стороны, чтобы центр ядра побывал
# на каждом пикселе?
# </details>
# <details><summary>Число параметров не то, и оно делится на 9</summary>
#
# Посчитайте слои по одному: `[p.numel() for p in network.parameters()]`. Сдвиги тоже параметры.
# </details>
# <details><summary>Параметров нет вовсе</summary>
#
# `nn.Module` находит слои в своих полях и в `nn.ModuleList`, но не в обычном списке.
# </details>
# <details><summary>Число параметров верное, а поле нет</summary>
#
# Раздутие не меняет числа весов. Сверьте его по таблице слой за слоем: единица там стоит дважды.
# </details>

# %% [markdown] lang="en"
# <details><summary>The map shrinks</summary>
#
# A dilated kernel spans $2l + 1$ pixels. How many zeros are needed on each side for its centre to visit every
# pixel?
# </details>
# <details><summary>The number of parameters is wrong, and 9 divides it</summary>
#
# Count layer by layer: `[p.numel() for p in network.parameters()]`. Biases are parameters too.
# </details>
# <details><summary>There are no parameters at all</summary>
#
# `nn.Module` finds layers in its attributes and in `nn.ModuleList`, but not in a plain list.
# </details>
# <details><summary>The number of parameters is right, the field is not</summary>
#
# Dilation does not change the number of weights. Compare it with the table layer by layer: the one stands
# there twice.
# </details>

# %% [markdown] lang="ru"
# ## 4. Начать с тождества
# *25 минут*
#
# Контекстную сеть ставят на уже обученную, и вначале она не должна портить логиты. Поэтому каждая свёртка
# сначала просто передаёт вход дальше:
#
# - все сдвиги равны нулю;
# - каналы слоя делятся на $C$ групп подряд: из $n$ каналов канал $a$ (считая с нуля) относится к группе
#   $\lfloor a C / n \rfloor$;
# - центральный вес ядра от входа $a$ к выходу $b$ равен $C / c_\text{out}$, если они из одной группы;
# - все остальные веса равны нулю.
#
# Здесь $c_\text{out}$ — число выходных каналов слоя. $C$ делит число каналов каждого слоя, ядра нечётные.
# Меняйте числа в самих параметрах сети: оптимизатор, созданный раньше, должен знать их по-прежнему.
#
# Пример. $C = 2$, слой с двумя входами и четырьмя выходами. Группы входов: $0, 1$; выходов: $0, 0, 1, 1$.
# Центральные веса, строка на выход:
#
# ```
# 1/2   0
# 1/2   0
#   0 1/2
#   0 1/2
# ```
#
# Следующий слой, из четырёх каналов в два, складывает по два входа с весом $2/2 = 1$, и логиты
# восстанавливаются. Если все слои шириной $C$, центральные веса — единичная матрица.

# %% [markdown] lang="en"
# ## 4. Starting from the identity
# *25 minutes*
#
# A context network is put on a network that is trained already, and at first it should not spoil the scores.
# So each convolution begins by passing its input on:
#
# - all biases are zero;
# - the channels of a layer are split into $C$ groups in a row: of $n$ channels, channel $a$ (from zero on)
#   belongs to group $\lfloor a C / n \rfloor$;
# - the central weight of the kernel from input $a$ to output $b$ is $C / c_\text{out}$ if both are of one
#   group;
# - all other weights are zero.
#
# Here $c_\text{out}$ is the layer's number of output channels. $C$ divides the number of channels of every
# layer, and kernels are odd. Change the numbers in the network's own parameters: an optimiser that was made
# before should still know them.
#
# An example. $C = 2$, a layer with two inputs and four outputs. Groups of the inputs: $0, 1$; of the outputs:
# $0, 0, 1, 1$. The central weights, a row for each output:
#
# ```
# 1/2   0
# 1/2   0
#   0 1/2
#   0 1/2
# ```
#
# The next layer, from four channels to two, adds up two inputs each with the weight $2/2 = 1$, and the scores
# are back. Where all layers are $C$ wide, the central weights are the unit matrix.


# %% exercise="identity_initialise"
def identity_initialise(network, channels):
    """Let every convolution of the network pass its input on. In place.

    network: nn.Module; its nn.Conv2d layers may be dilated, may have no bias, and may stand
        inside other modules. channels: C, the number of scores.
    """
    ### BEGIN SOLUTION
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            outputs, inputs, height, width = layer.weight.shape
            group_out = torch.arange(outputs) * channels // outputs
            group_in = torch.arange(inputs) * channels // inputs
            same = group_out[:, None] == group_in
            with torch.no_grad():
                layer.weight.zero_()
                layer.weight[:, :, height // 2, width // 2] = same * (channels / outputs)
                if layer.bias is not None:
                    layer.bias.zero_()
    ### END SOLUTION


# %% check="identity_initialise"
check("identity_initialise", identity_initialise)

# %% [markdown] lang="ru"
# <details><summary>Ошибка «a leaf Variable that requires grad … in-place operation»</summary>
#
# Запись в параметр — не часть вычислений, по которым идёт градиент. Её делают внутри `torch.no_grad()`.
# </details>
# <details><summary>Basic верно, Large нет</summary>
#
# Выпишите для слоя из примера, какие входы складывает каждый выход. `nn.init.dirac_` о группах не знает.
# </details>
# <details><summary>Сеть не изменилась</summary>
#
# Свёртка может стоять внутри другого модуля. И проверьте, что число пишется в сам параметр, а не в копию.
# </details>
# <details><summary>Отрицательные логиты пропали</summary>
#
# Так и должно быть: между слоями стоит ReLU. До обучения сеть выдаёт $\max(0, x)$, а не $x$.
# </details>

# %% [markdown] lang="en"
# <details><summary>The error "a leaf Variable that requires grad … in-place operation"</summary>
#
# Writing into a parameter is no part of the computation that gradients flow through. Do it inside
# `torch.no_grad()`.
# </details>
# <details><summary>Basic is right, Large is not</summary>
#
# Write down for the layer of the example which inputs each output adds up. `nn.init.dirac_` knows nothing of
# groups.
# </details>
# <details><summary>The network has not changed</summary>
#
# A convolution may stand inside another module. And see that the numbers go into the parameter itself, not
# into a copy.
# </details>
# <details><summary>Negative scores are gone</summary>
#
# So it should be: there are ReLUs between the layers. Before training the network gives $\max(0, x)$, not
# $x$.
# </details>

# %% [markdown] lang="ru"
# ## 5. Обучить сеть с широким полем
# *30 минут*
#
# Даны 200 сцен $64 \times 64$. Метка говорит не что за фигура, а велика ли её видимая часть: 0 — фон,
# 1 — маленькая (до 200 пикселей), 2 — большая (от 290); фигуры между ними не размечены (`VOID`). Пиксель в
# середине фигуры узнаёт ответ, только если сеть видит её край.
#
# Обучите сеть так, чтобы на **новых** сценах средняя мера Жаккара по трём классам была не меньше **0,74**.
# «Везде фон» даёт 0,29. Свёртка с шагом 2, пять слоёв $3 \times 3$ по 16 каналов, все с $l = 1$, и
# увеличение вдвое дают около 0,7; те же слои с подходящими $l$ — около 0,8. Пакетная нормализация
# ускоряет обучение. Хватает 700 шагов по 8 сцен, это 10–20 секунд.
#
# Допишите обучение и функцию `segment`. Последняя строка ячейки обучает сеть; `segment` пользуется тем, что
# обучено в этой ячейке.

# %% [markdown] lang="en"
# ## 5. Train a network with a wide field
# *30 minutes*
#
# Given are 200 scenes of $64 \times 64$. A label does not say which shape it is but how large its visible part
# is: 0 background, 1 small (up to 200 pixels), 2 large (from 290 on); shapes between the two are not labelled
# (`VOID`). A pixel in the middle of a shape learns the answer only if the network sees the shape's border.
#
# Train a network whose mean Jaccard over the three classes on **new** scenes is at least **0.74**.
# "Background everywhere" gets 0.29. A convolution of stride 2, five $3 \times 3$ layers of 16 channels, all
# with $l = 1$, and upsampling by two get about 0.7; the same layers with suitable $l$ about 0.8. Batch
# normalisation makes training faster. 700 steps of 8 scenes are enough, that is 10 to 20 seconds.
#
# Write the training and the function `segment`. The last line of the cell trains the network; `segment` uses
# what was trained in this cell.

# %%
torch.set_num_threads(1)  # on maps this small further threads only wait for one another
images, labels = load_size_scenes("train", 200)
print(tuple(images.shape), tuple(labels.shape), SIZE_NAMES)

figure, axes = plt.subplots(2, 6, figsize=(9, 3.2))
for (top, bottom), image, truth in zip(axes.T, images, labels, strict=False):
    top.imshow(image.permute(1, 2, 0))
    bottom.imshow(truth.float().masked_fill(truth == VOID, torch.nan), vmin=0, vmax=2)
    top.axis("off")
    bottom.axis("off")
plt.show()


# %% exercise="segment"
def trained_network(images, labels):
    """Train a network for segmentation and return it.

    images: (N, 3, 64, 64) tensor, RGB in [0, 1].
    labels: (N, 64, 64) tensor of uint8: 0 background, 1 small, 2 large, VOID unlabelled.
    """
    ### BEGIN SOLUTION
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU()]
    for dilation in (1, 2, 4, 8, 1):
        layers.append(nn.Conv2d(16, 16, 3, padding=dilation, dilation=dilation))
        layers += [nn.BatchNorm2d(16), nn.ReLU()]
    layers += [nn.Conv2d(16, 3, 1), nn.Upsample(scale_factor=2, mode="bilinear")]
    network = nn.Sequential(*layers)
    steps, rate = 700, 0.01
    descent = torch.optim.AdamW(network.parameters(), rate)
    falling = torch.optim.lr_scheduler.OneCycleLR(descent, rate, total_steps=steps)
    for step in range(steps):
        chosen = torch.randperm(len(images))[:8]
        x = images[chosen].rot90(step % 4, (2, 3)) - 0.5  # a turned scene is a scene
        y = labels[chosen].long().rot90(step % 4, (1, 2))
        if step % 8 > 3:  # and so is its mirror image
            x, y = x.flip(3), y.flip(2)
        loss = F.cross_entropy(network(x), y, ignore_index=VOID)
        descent.zero_grad()
        loss.backward()
        descent.step()
        falling.step()
    return network.eval()
    ### END SOLUTION


def segment(images):
    """Labels of every pixel by the network that was trained in this cell.

    images: (N, 3, 64, 64) tensor, RGB in [0, 1].
    Returns an (N, 64, 64) tensor of labels 0, 1, 2, integers.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        return network(images - 0.5).argmax(dim=1)
    ### END SOLUTION


network = trained_network(images, labels)

# %% check="segment"
check("segment", segment)

# %% [markdown] lang="ru"
# <details><summary>Мера около 0,7 и не растёт</summary>
#
# Посчитайте поле восприятия вашей сети (упражнение 1; свёртка с шагом 2 удваивает всё, что после неё). Какого
# размера бывают большие фигуры?
# </details>
# <details><summary>Большие фигуры по краям верны, а в середине — маленькие или фон</summary>
#
# Это и есть узкое поле: середина не видит краёв.
# </details>
# <details><summary>Потери равны nan или ошибка о метке 255</summary>
#
# У `F.cross_entropy` есть аргумент, который пропускает неразмеченные пиксели; метки ей нужны `int64`.
# </details>
# <details><summary>Обучение идёт минуту и дольше</summary>
#
# На карте с шагом 2 в четыре раза меньше позиций, чем в изображении. Шестнадцати каналов достаточно.
# </details>
# <details><summary>Сцена отдельно и среди других размечена по-разному</summary>
#
# Сеть осталась в режиме обучения.
# </details>
# <details><summary>Как узнать меру, не видя секретных сцен</summary>
#
# `load_size_scenes("val", 100)` даёт сто других сцен. Функция из задания о метриках на них и посчитает.
# </details>

# %% [markdown] lang="en"
# <details><summary>The measure is about 0.7 and does not rise</summary>
#
# Work out the receptive field of your network (exercise 1; a convolution of stride 2 doubles all that comes
# behind it). How large are large shapes?
# </details>
# <details><summary>Large shapes are right at their borders, but small or background in the middle</summary>
#
# That is the narrow field: the middle does not see the borders.
# </details>
# <details><summary>The loss is nan, or an error about label 255</summary>
#
# `F.cross_entropy` has an argument that passes over unlabelled pixels; it wants labels of `int64`.
# </details>
# <details><summary>Training takes a minute and more</summary>
#
# A map of stride 2 has a quarter of the image's positions. Sixteen channels are enough.
# </details>
# <details><summary>A scene by itself gets other labels than among others</summary>
#
# The network is still in training mode.
# </details>
# <details><summary>How to know the measure without the secret scenes</summary>
#
# `load_size_scenes("val", 100)` gives a hundred other scenes. Your function from the assignment on metrics
# will do the counting.
# </details>

# %% [markdown] lang="ru"
# ## 6. Вопрос
# *15 минут*
#
# Сравните две стопки из трёх свёрток $3 \times 3$: с раздутием 2, 2, 2 и с раздутием 1, 2, 4.
#
# 1. Какое поле восприятия у каждой и сколько пикселей в нём нейрон действительно видит? Нарисуйте или
#    опишите, где стоят эти пиксели.
# 2. Два соседних нейрона на выходе стопки 2, 2, 2: сколько у них общих пикселей? К какому дефекту на карте
#    меток это ведёт?
# 3. Раздутие не прибавляет весов. Чем за него платят по сравнению с пулингом и что получают взамен?
#
# Ответьте в ячейке ниже, по два-три предложения на каждый пункт.

# %% [markdown] lang="en"
# ## 6. A question
# *15 minutes*
#
# Compare two stacks of three $3 \times 3$ convolutions: with dilations 2, 2, 2 and with dilations 1, 2, 4.
#
# 1. What receptive field has each, and how many pixels in it does a unit really see? Draw or describe where
#    these pixels are.
# 2. Two neighbouring units at the output of the stack 2, 2, 2: how many pixels do they share? What defect of
#    the label map does that lead to?
# 3. Dilation adds no weights. What does one pay for it, compared with pooling, and what does one get?
#
# Answer in the cell below, two or three sentences for each part.

# %% [markdown] essay="essay"
# **По-русски**
#
# 1. Поля $13 \times 13$ и $15 \times 15$. Первая стопка видит только пиксели на чётных расстояниях от
#    центра: $7 \times 7 = 49$ из 169, решётку через один. Вторая видит все 225: слой с $l = 2$ смотрит на
#    нейроны, которые уже видят $3 \times 3$, слой с $l = 4$ — на видящие $7 \times 7$, и дырок не остаётся.
# 2. Ни одного, если они соседи по строке или столбцу (и по диагонали): решётка второго сдвинута на один
#    пиксель. Они отвечают независимо, и метки рябят сеткой с периодом 2, а одиночный пиксель или тонкую линию
#    видит лишь часть нейронов (gridding).
# 3. Карта не уменьшается, поэтому все слои считаются на полном разрешении: вычислений и памяти в $s^2$ раз
#    больше, чем после уменьшения в $s$ раз, и больше нулей у краёв. Взамен не теряется положение: карта
#    остаётся подробной, и повышать разрешение не нужно.
#
# **In English**
#
# 1. The fields are $13 \times 13$ and $15 \times 15$. The first stack sees only pixels at even distances from
#    the centre: $7 \times 7 = 49$ of 169, every other one, a grid. The second sees all 225: the layer with
#    $l = 2$ looks at units that see $3 \times 3$ already, the one with $l = 4$ at units that see
#    $7 \times 7$, and no holes are left.
# 2. None, if they are neighbours in a row or column (or on a diagonal): the second grid is shifted by one
#    pixel. They answer independently, so labels ripple with a period of 2, and a single pixel or a thin line
#    is seen by some of the units only (gridding).
# 3. The map does not shrink, so all layers work at full resolution: $s^2$ times the computation and memory
#    compared with a map shrunk $s$ times, and more zeros at the borders. In return positions are not lost: the
#    map stays detailed and needs no upsampling.
#
# ### BEGIN MARK SCHEME
# **Как оценивать.** Каждый пункт — треть баллов.
#
# - Пункт 1: оба поля (13 и 15) и оба числа пикселей (49 и 225) с объяснением решётки. Половина, если верны
#   только поля или только рассуждение о дырках.
# - Пункт 2: общих пикселей нет, и назван дефект: сетка, рябь, соседние метки не согласованы. Половина за одно
#   из двух.
# - Пункт 3: плата — вычисления и память на большой карте; выигрыш — сохранённое разрешение. Половина за
#   одно из двух. «Больше параметров» — ошибка.
#
# **How to mark.** Each part is a third of the points.
#
# - Part 1: both fields (13 and 15) and both numbers of pixels (49 and 225), with the grid explained. Half
#   where only the fields or only the reasoning about holes is right.
# - Part 2: no pixel is shared, and the defect is named: a grid, a ripple, neighbouring labels that do not
#   agree. Half for one of the two.
# - Part 3: the price is computation and memory on the large map, the gain is resolution. Half for one of the
#   two. "More parameters" is wrong.
# ### END MARK SCHEME

# %% [markdown] lang="ru"
# ## Как сдать
# 1. Перезапустите среду и выполните все ячейки подряд (в Colab: *Среда выполнения → Перезапустить сеанс и
#    выполнить все*). Под каждой проверкой должна быть зелёная карточка.
# 2. Выполните последнюю ячейку: она ещё раз запустит все проверки и даст файл `dilated.ipynb`. Можно и самому:
#    *Файл → Скачать → Скачать .ipynb*.
# 3. Загрузите файл туда, где вы получили задание. Ячейки с проверками не удаляйте и не меняйте.
#
# Не получилось какое-то упражнение — сдавайте остальные: каждое оценивается отдельно.

# %% [markdown] lang="en"
# ## How to hand in
# 1. Restart and run all cells in order (in Colab: *Runtime → Restart session and run all*). Under every
#    check there should be a green card.
# 2. Run the last cell: it runs all checks once more and gives you the file `dilated.ipynb`. Or take it yourself:
#    *File → Download → Download .ipynb*.
# 3. Upload the file where you got the assignment. Don't delete or change the cells with checks.
#
# If some exercise did not work out, hand in the others: each is marked by itself.
