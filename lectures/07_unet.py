# %% [markdown] lang="ru"
# # U-Net
#
# **После этой лекции вы сможете**
# - нарисовать U-Net по памяти и посчитать размеры всех её карт для любого входа;
# - посчитать up-convolution на бумаге и сказать, когда она даёт шахматный узор;
# - объяснить, что именно дают копии слоёв, и показать это опытом.
#
# **Что нужно знать:** лекции 04–06 (мера Жаккара, кайма 255, функция потерь, FCN и её нечёткие границы),
# свёртки и пулинг.
#
# **Сколько это займёт:** около часа вместе с вопросами для самопроверки.

# %% [markdown] lang="en"
# # U-Net
#
# **After this lecture you will be able to**
# - draw U-Net from memory and work out the sizes of all its maps for any input;
# - compute an up-convolution on paper and say when it gives a chequerboard;
# - explain what exactly the copied layers give, and show it by an experiment.
#
# **You need to know:** lectures 04–06 (the Jaccard index, the 255 seam, the loss, FCN and its blurred
# borders), convolutions and pooling.
#
# **Time:** about an hour, the self-check questions included.

# %%
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from course_utils import figures, session
from course_utils.data import VOID
from course_utils.data.scenes import load_scenes
from course_utils.reference.border_band import border_band
from course_utils.reference.fcn import TORCHVISION_NODES
from course_utils.reference.metrics import confusion_counts, jaccard
from course_utils.reference.object_quality import object_qualities
from course_utils.reference.receptive_field import receptive_field
from course_utils.reference.short_training import Centre, fit_scenes
from course_utils.reference.unet import UNet, level_sizes, nearest_valid_sizes
from course_utils.reference.unet_field import influence, output_window, square_shares
from course_utils.reference.unet_parts import convolution_sizes, copy_rows, spoiled
from course_utils.reference.upsampling import upsample_replicate

torch.set_num_threads(1)  # on maps this small threads wait for each other longer than they work
device, data = session.current().device, session.current().data
large = data == "voc2012" and device.type == "cuda"  # real photographs want more of everything
size, number, steps = (128, 400, 600) if large else (64, 48, 100)
train = load_scenes("train", number, size=size, data=data)
new = load_scenes("val", 40, size=size, data=data)

# %% [markdown] lang="ru"
# ## Две ветви
#
# FCN отвечает по маленькой карте, поэтому границы объектов у неё размыты. В U-Net к сужающейся ветви
# (**кодировщику**) добавлена такая же длинная расширяющаяся (**декодировщик**). Кодировщик на каждом уровне
# делает две свёртки $3 \times 3$ и пулинг; декодировщик — up-convolution, которая удваивает сторону, и две
# свёртки. А главное, на каждом уровне карты кодировщика **копируются** в декодировщик.
#
# Нарисуем эту схему сами, а размеры не перепишем из статьи, а измерим: пропустим через сеть изображение и
# запишем у каждой свёртки, что в неё вошло и что вышло. Устройство `meta` хранит только формы тензоров,
# поэтому такой проход ничего не стоит.
#
# **Предскажите:** в сети 31 миллион параметров. На каком уровне их больше всего и какая это доля?

# %% [markdown] lang="en"
# ## Two branches
#
# An FCN answers from a small map, so the borders of its objects are blurred. U-Net adds to the narrowing
# branch (the **encoder**) a widening one of the same length (the **decoder**). At every level the encoder
# does two $3 \times 3$ convolutions and a pooling; the decoder does an up-convolution, which doubles the
# side, and two convolutions. Above all, at every level the encoder's maps are **copied** into the decoder.
#
# Let us draw this scheme ourselves. The sizes are not copied from the paper but measured: pass an image
# through the network and note at every convolution what came in and what went out. The `meta` device keeps
# only the shapes of tensors, so the pass costs nothing.
#
# **Predict:** the network has 31 million parameters. Which level has most of them, and what share is it?

# %%
def count(network):
    return sum(weights.numel() for weights in network.parameters())


with torch.device("meta"):  # shapes without numbers
    paper, colour = UNet(1, 2), UNet(3, 21)  # grey image, 2 classes; colour image, 21 classes
    sizes = convolution_sizes(paper, 572)
assert sizes == level_sizes(572)  # the same by arithmetic
assert (sizes[0], sizes[4], sizes[8]) == ((572, 570, 568), (32, 30, 28), (392, 390, 388))
assert (count(paper), count(colour)) == (31_030_658, 31_033_045)
assert 0.45 < count(paper.down[4]) / count(paper) < 0.47

# %%
(ax,) = figures.panels(1, height=4.8)
figures.show_unet(ax, sizes, 64, 1, 2)
figures.show()

# %% [markdown] lang="ru"
# Над картой написано число каналов, под ней — сторона в пикселях. Заштрихованная половина каналов пришла
# сбоку, остальные — снизу. Почти половина параметров (около 46 %) лежит в двух свёртках на самом дне: карта
# там маленькая, зато каналов 1024. Число классов почти ничего не стоит: у сети для цветных изображений и 21
# класса параметров больше лишь на 2387.

# %% [markdown] lang="en"
# The number of channels stands over a map, its side in pixels under it. The hatched half of the channels has
# come from the side, the rest from below. Nearly half the parameters (about 46%) lie in the two convolutions
# at the very bottom: the map is small there, but has 1024 channels. The number of classes costs next to
# nothing: the network for colour images and 21 classes has just 2387 parameters more.

# %%
assert count(colour) - count(paper) == 2387

# %% [markdown] lang="ru"
# ## Почему ответ меньше входа
#
# Свёртки в статье **без дополнения нулями** (valid): ядро $3 \times 3$ прикладывают только там, где оно
# целиком помещается в карту. Каждая такая свёртка снимает по пикселю с каждой стороны. Поэтому и копию
# приходится обрезать: карта декодировщика меньше.
#
# **Предскажите:** на каждом уровне две свёртки снимают 4 пикселя с высоты и ширины. Вместе с путём вверх
# таких пар свёрток девять. Почему же ответ меньше входа не на 36 пикселей, а на 184? И подойдёт ли вход 512?

# %% [markdown] lang="en"
# ## Why the output is smaller
#
# The paper's convolutions are **without zero padding** (valid): the $3 \times 3$ kernel is put only where
# the whole of it fits into the map. Each such convolution takes a pixel off every side. That is why
# the copy has to be cropped as well: the decoder's map is smaller.
#
# **Predict:** at each level two convolutions take 4 pixels off the height and the width. Counting the way up
# there are nine such pairs. Why is the output smaller than the input not by 36 pixels but by 184? And will an
# input of 512 do?

# %%
lost = [4 * 2**level for level in (0, 1, 2, 3, 4, 3, 2, 1, 0)]  # in pixels of the image
assert sum(lost) == 184 == 572 - 388

valid = [side for side in range(1, 700) if nearest_valid_sizes(side)[1] == side]
assert valid == list(range(188, 700, 16)) and 188 % 16 == 12
assert all(level_sizes(side)[-1][-1] == side - 184 for side in valid)
assert nearest_valid_sizes(512) == (508, 524)

# %% [markdown] lang="ru"
# Пиксель на уровне $\ell$ стоит $2^\ell$ пикселей изображения, поэтому потери на дне самые дорогие. Годится к
# тому же не всякий вход: перед каждым пулингом сторона должна быть чётной, иначе последний ряд пропадёт и
# копия ляжет со сдвигом. Подходят 188, 204, 220, …, то есть числа с остатком 12 от деления на 16.
#
# Меняйте размер входа. Если он не годится, видно, на каком уровне это обнаружится. Переключатель включает
# дополнение нулями: тогда размер сохраняется, и ничего не нужно обрезать.

# %% [markdown] lang="en"
# A pixel at level $\ell$ is worth $2^\ell$ pixels of the image, so what is lost at the bottom costs most. And
# not every input will do: before each pooling the side has to be even, or the last row is lost and the copy
# comes to lie with a shift. 188, 204, 220, … fit, that is, numbers that leave a remainder of 12 when divided
# by 16.
#
# Change the size of the input. Where it does not fit, you see at which level that comes out. The switch turns
# on zero padding: then the size is kept and nothing has to be cropped.

# %%
figures.unet_size_figure()

# %% [markdown] lang="ru"
# Зачем же терять пиксели? Без нулей сеть не видит ничего выдуманного, и ответ в пикселе не зависит от того,
# где вырезан кусок. Большое изображение можно обработать по частям (**overlap-tile**): для каждой плитки
# ответа взять вход пошире, а за краем изображения отразить его зеркально.
#
# **Предскажите:** совпадёт ли ответ, склеенный из плиток, с ответом на всё изображение сразу? А у сети с
# дополнением нулями?

# %% [markdown] lang="en"
# Why lose pixels, then? Without zeros the network sees nothing made up, and the answer in a pixel does not
# depend on where the piece was cut out. A large image can be processed in parts (**overlap-tile**): for every
# tile of the answer take a wider input, and beyond the rim of the image mirror it.
#
# **Predict:** does the answer glued from tiles equal the answer to the whole image at once? And for a
# network with zero padding?

# %%
scene = new.images[2:3]
cut_off, tile = 8, size // 2  # at depth 1 the network takes 8 pixels off each side
assert level_sizes(tile + 2 * cut_off, depth=1)[-1][-1] == tile


def by_tiles(network, images, margin):
    """The answer glued of four; each run sees `margin` pixels more on every side."""
    starts, width = (0, tile), tile + 2 * margin
    parts = [[network(images[..., i : i + width, j : j + width]) for j in starts] for i in starts]
    return torch.cat([torch.cat(row, dim=3) for row in parts], dim=2)


# %%
answers = {}
for padded in (False, True):
    torch.manual_seed(0)
    network = UNet(3, 2, width=4, depth=1, padded=padded)
    margin = 0 if padded else cut_off
    images = F.pad(scene, [margin] * 4, mode="reflect") if margin else scene
    with torch.no_grad():
        answers[padded] = network(images), by_tiles(network, images, margin)
assert torch.allclose(*answers[False], atol=1e-5)
seams = (answers[True][0] - answers[True][1]).abs()[0].sum(0)
assert seams.max() > 0.01

# %%
left, right = figures.panels(2, height=3.4)
figures.show_tiles(left, scene[0], tile, cut_off)
figures.show_seams(right, seams)
figures.show()

# %% [markdown] lang="ru"
# Без нулей плитки сходятся в точности (до округления). С нулями вдоль швов остаётся след: сеть приняла
# край плитки за край мира. В задании нужна именно сеть из статьи, а в опытах ниже мы для простоты
# дополняем нулями: изображения маленькие, и терять поля жалко.

# %% [markdown] lang="en"
# Without zeros the tiles agree exactly (up to rounding). With zeros a trace remains along the seams: the
# network took the rim of a tile for the rim of the world. The assignment wants the network of the paper; in
# the experiments below we pad with zeros for simplicity: the images are small, and their margins are too
# dear to lose.

# %% [markdown] lang="ru"
# ## Up-convolution по шагам
#
# Как удвоить карту? В лекции 06 пиксели размножали или интерполировали. **Up-convolution**
# (транспонированная свёртка) делает иначе: каждый пиксель входа ставит **штамп** — ядро, умноженное на
# значение пикселя. Соседние штампы сдвинуты на шаг (stride), а там, где они перекрылись, значения
# складываются.
#
# **Предскажите:** вход $3 \times 3$, ядро $2 \times 2$, шаг 2. Какого размера выход и перекроются ли
# штампы? А с ядром $3 \times 3$?

# %% [markdown] lang="en"
# ## Up-convolution step by step
#
# How does one double a map? In lecture 06 pixels were replicated or interpolated. An **up-convolution** (a
# transposed convolution) does it another way: every input pixel puts down a **stamp**, the kernel times the
# value of the pixel. Neighbouring stamps are a stride apart, and where they overlap the values add up.
#
# **Predict:** the input is $3 \times 3$, the kernel $2 \times 2$, the stride 2. What size is the output,
# and do the stamps overlap? And with a $3 \times 3$ kernel?

# %%
def up_convolve(x, kernel, stride):
    height, width = ((n - 1) * stride + len(kernel) for n in x.shape)
    answer = torch.zeros(height, width)
    for i, row in enumerate(x):
        for j, value in enumerate(row):
            top, left = i * stride, j * stride
            answer[top : top + len(kernel), left : left + len(kernel)] += value * kernel
    return answer


# %%
x = torch.tensor([[1.0, 2.0, 0.0], [0.0, 3.0, 1.0], [2.0, 0.0, 1.0]])
kernels = {
    2: torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
    3: torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]),
    4: torch.outer(torch.tensor([1.0, 2.0, 2.0, 1.0]), torch.tensor([1.0, 2.0, 2.0, 1.0])),
}

# %%
for kernel in kernels.values():
    for stride in (1, 2, 3):
        library = F.conv_transpose2d(x[None, None], kernel[None, None], stride=stride)
        assert torch.equal(up_convolve(x, kernel, stride), library[0, 0])
assert up_convolve(x, kernels[2], 2).shape == (6, 6)
assert up_convolve(x, kernels[3], 2).shape == (7, 7)
figures.stamp_figure(x, kernels)

# %% [markdown] lang="ru"
# С ядром 2 и шагом 2 штампы ложатся встык: сторона ровно удваивается, и каждый пиксель выхода получает одно
# слагаемое. Это и есть up-convolution из U-Net. С ядром 3 соседние штампы заходят друг на друга на ряд.
#
# <details><summary><b>Вопрос.</b> При каком ядре up-convolution с шагом 2 превращается в размножение
# пикселей?</summary>
#
# При ядре $2 \times 2$ из одних единиц. А билинейная интерполяция (внутри карты) получается с ядром-шатром
# $4 \times 4$ (лекция 06). То есть оба простых способа — частные случаи up-convolution, и с них можно начать
# обучение.
#
# </details>

# %% [markdown] lang="en"
# With kernel 2 and stride 2 the stamps lie edge to edge: the side doubles exactly, and every output pixel
# gets one term. This is U-Net's up-convolution. With kernel 3 neighbouring stamps overlap by a row.
#
# <details><summary><b>Question.</b> With which kernel does an up-convolution of stride 2 become pixel
# replication?</summary>
#
# With a $2 \times 2$ kernel of ones. Bilinear interpolation (inside the map) comes out with a $4 \times 4$
# tent (lecture 06). So both simple ways are special cases of an up-convolution, and training can start from
# them.
#
# </details>

# %%
assert torch.equal(up_convolve(x, torch.ones(2, 2), 2), upsample_replicate(x[None, None], 2)[0, 0])

# %% [markdown] lang="ru"
# ## Откуда берётся шахматный узор
#
# Посчитаем, сколько штампов попало в каждый пиксель: подставим вместо входа и ядра одни единицы.
#
# **Предскажите:** при шаге 2 какие из ядер 2, 3, 4, 5 дают внутри карты одинаковое число штампов?

# %% [markdown] lang="en"
# ## Where the chequerboard comes from
#
# Count how many stamps fell on each pixel: put ones in place of both the input and the kernel.
#
# **Predict:** with stride 2, which of the kernels 2, 3, 4, 5 give the same number of stamps everywhere
# inside the map?

# %%
def stamps(kernel, stride, side):
    return up_convolve(torch.ones(side, side), torch.ones(kernel, kernel), stride)


for kernel in range(1, 8):
    for stride in range(1, kernel + 1):
        inside = stamps(kernel, stride, 12)[kernel:-kernel, kernel:-kernel]
        even = len(inside.unique()) == 1
        assert even == (kernel % stride == 0)
assert stamps(3, 2, 5)[3:-3, 3:-3].unique().tolist() == [1, 2, 4]

# %%
for ax, kernel in zip(figures.panels(3, height=2.9), (2, 3, 4)):
    figures.show_stamp_counts(ax, stamps(kernel, 2, 4), kernel, 2)
figures.show()

# %% [markdown] lang="ru"
# Правило простое: **шаг должен делить сторону ядра**. Ядро 3 при шаге 2 пишет в одни пиксели четырежды, в
# другие дважды или один раз. Такой узор виден ещё до обучения, и сети приходится его заглаживать.
#
# Проверим на настоящих слоях: 300 раз возьмём случайные веса, подадим на вход одни единицы и посмотрим
# на выход. Сравним и с третьим способом: размножить пиксели, а потом сделать обычную свёртку.
#
# **Предскажите:** ядро 2 с шагом 2 правилу удовлетворяет. Будет ли его выход на постоянном входе постоянным?

# %% [markdown] lang="en"
# The rule is simple: **the stride has to divide the side of the kernel**. Kernel 3 with stride 2 writes
# four times into some pixels, twice or once into others. The pattern is there before any training, and
# the network has to smooth it away.
#
# Check it on real layers: take random weights 300 times, feed ones and look at the output. Compare with a
# third way too: replicate the pixels, then do an ordinary convolution.
#
# **Predict:** kernel 2 with stride 2 obeys the rule. Will its output on a constant input be constant?

# %%
torch.manual_seed(0)
ones = torch.ones(1, 8, 6, 6)
ways = {
    "overlap": lambda w: F.conv_transpose2d(ones, w(8, 1, 3, 3), stride=2)[..., 2:-2, 2:-2],
    "even": lambda w: F.conv_transpose2d(ones, w(8, 1, 2, 2), stride=2)[..., 2:-2, 2:-2],
    "replicate": lambda w: F.conv2d(upsample_replicate(ones, 2), w(1, 8, 3, 3))[..., 1:-1, 1:-1],
}
runs = {way: torch.cat([run(torch.randn) for _ in range(300)])[:, 0] for way, run in ways.items()}

# %%
unevenness = {way: run.std(0).max() / run.std(0).min() for way, run in runs.items()}
assert unevenness["overlap"] > 1.6
tent = up_convolve(torch.ones(6, 6), kernels[3], 2)[3:-3, 3:-3]
assert tent.unique().tolist() == [4]  # this kernel of side 3 is even on a constant
assert max(unevenness["even"], unevenness["replicate"]) < 1.35
own = {way: run[0].std().item() for way, run in runs.items()}  # within the first run alone
assert own["even"] > 0.1 and own["replicate"] < 1e-4

# %%
axes = iter(figures.panels(3, rows=2, height=2.5))
for spread in (True, False):
    for way, run in runs.items():
        figures.show_upsampling(next(axes), run.std(0) if spread else run[0], way, spread=spread)
figures.show()

# %% [markdown] lang="ru"
# Верхний ряд — разброс по 300 запускам: при ядре 3 он в разных пикселях разный, потому что слагаемых разное
# число. Ровный выход дадут лишь особые веса, например шатёр со строками 1–2–1, 2–4–2, 1–2–1. При ядре 2 все
# пиксели равноправны **в среднем**, но в каждом отдельном запуске (нижний ряд) остаётся узор $2 \times 2$: у
# каждого угла штампа свой вес. Правило, стало быть, уравнивает пиксели, но узора не исключает. Размножение со
# свёрткой даёт на постоянном входе постоянный выход при любых весах: обычная свёртка прикладывает ко всем
# пикселям одни и те же числа. Поэтому его часто и ставят вместо up-convolution.

# %% [markdown] lang="en"
# The upper row is the spread over 300 runs: with kernel 3 it differs from pixel to pixel, because the number
# of terms differs. Only special weights give an even output, such as a tent with rows 1-2-1, 2-4-2, 1-2-1.
# With kernel 2 all pixels are equal **on average**, but every single run (lower row) keeps a $2 \times 2$
# pattern: each corner of the stamp has a weight of its own. So the rule makes pixels equal, but does not rule
# out a pattern. Replication with a convolution gives a constant output for a constant input under any
# weights: an ordinary convolution applies the same numbers to all pixels. That is why it often stands in
# place of an up-convolution.

# %% [markdown] lang="ru"
# ## Почему она «транспонированная»
#
# Свёртка линейна, значит, это умножение на матрицу $A$: вытянем карту в столбец, и в каждой строке $A$
# окажутся веса одного положения ядра.
#
# **Предскажите:** свёртка $2 \times 2$ с шагом 2 переводит карту $4 \times 4$ в $2 \times 2$. Какого размера
# её матрица и сколько в ней ненулевых чисел?

# %% [markdown] lang="en"
# ## Why it is "transposed"
#
# A convolution is linear, so it is multiplication by a matrix $A$: stretch the map into a column, and
# each row of $A$ holds the weights of one position of the kernel.
#
# **Predict:** a $2 \times 2$ convolution with stride 2 turns a $4 \times 4$ map into $2 \times 2$. What size
# is its matrix, and how many numbers in it are not zero?

# %%
def matrix_of(layer, side):
    """Columns are the answers to images with a single one."""
    basis = torch.eye(side * side).reshape(side * side, 1, side, side)
    return layer(basis).flatten(1).T


kernel = kernels[2][None, None]
A = matrix_of(lambda maps: F.conv2d(maps, kernel, stride=2), 4)
up = matrix_of(lambda maps: F.conv_transpose2d(maps, kernel, stride=2), 2)
assert A.shape == (4, 16) and (A != 0).sum() == 16
assert torch.equal(up, A.T)
assert not torch.equal(A.T @ A, torch.eye(16))  # transposed, not inverse

# %%
left, right = figures.panels(2, height=3.6, widths=[2.6, 1])
figures.show_matrix(left, A, "convolution")
figures.show_matrix(right, up, "up-convolution")
figures.show()

# %% [markdown] lang="ru"
# Матрица up-convolution получается из матрицы свёртки транспонированием, отсюда и название. Это **не**
# обратная операция: $A^\top A \ne I$, потерянного она не вернёт. Иначе то же записывают через скалярное
# произведение: $\langle Ax, y \rangle = \langle x, A^\top y \rangle$ для любых $x$ и $y$. Проверим на ядре
# побольше и с перекрытием. Заодно видно, где вы уже встречали up-convolution: так проходит через свёртку
# градиент.

# %% [markdown] lang="en"
# The matrix of the up-convolution is that of the convolution transposed, hence the name. It is **not** the
# inverse: $A^\top A \ne I$, and it does not bring back what was lost. The same can be written with an inner
# product: $\langle Ax, y \rangle = \langle x, A^\top y \rangle$ for any $x$ and $y$. Check it on a larger
# kernel that overlaps. It also shows where you have met an up-convolution before: it is how a gradient passes
# through a convolution.

# %%
torch.manual_seed(0)
u, y = torch.randn(1, 1, 9, 9, dtype=torch.float64), torch.randn(1, 1, 4, 4, dtype=torch.float64)
kernel = torch.randn(1, 1, 3, 3, dtype=torch.float64)
u.requires_grad_()
Au = F.conv2d(u, kernel, stride=2)
back = F.conv_transpose2d(y, kernel, stride=2)
assert torch.allclose((Au * y).sum(), (u * back).sum())
assert torch.allclose(torch.autograd.grad(Au, u, y)[0], back)

# %% [markdown] lang="ru"
# ## С копиями и без
#
# Теперь главный вопрос: что дают копии? Обучим две сети одинаково и на одних и тех же изображениях, по три
# запуска. Во второй сети копий нет, а чтобы остальные слои не изменились, её up-convolution выдают вдвое
# больше каналов. Поэтому параметров у неё **больше**, и списать разницу на их нехватку не выйдет.
#
# Задача — объект или фон, как в лекции 05. Сети маленькие: три уровня, 8 каналов на верхнем.
#
# **Предскажите:** где сеть без копий ошибается сильнее: внутри объектов, далеко от них или у границ? Каким
# фигурам хуже всего?

# %% [markdown] lang="en"
# ## With and without copies
#
# Now the main question: what do the copies give? Train two networks in the same way on the same images, three
# runs each. The second one has no copies; to leave its other layers as they are, its up-convolutions give
# twice as many channels. So it has **more** parameters, and the difference cannot be put down to a lack of
# them.
#
# The task is object or background, as in lecture 05. The networks are small: three levels, 8 channels at
# the top.
#
# **Predict:** where is the network without copies more wrong: inside objects, far away from them, or near
# borders? Which shapes fare worst?

# %%
def object_or_background(scenes):
    return torch.where(scenes.labels == VOID, VOID, (scenes.labels > 0).byte()).to(device)


def small_unet(seed, **options):
    torch.manual_seed(seed)
    unet = UNet(3, 2, width=8, depth=3, padded=True, batch_norm=True, **options)
    return nn.Sequential(Centre(), unet)


images, truth = train.images.to(device), object_or_background(train)
new_images, y = new.images.to(device), object_or_background(new)
counts = [count(small_unet(0, copy_layers=copied)) for copied in (True, False)]
assert counts == [121_186, 131_994] and 1.08 < counts[1] / counts[0] < 1.1

# %%
networks = {"with": [], "without": []}
for way, trained in networks.items():
    for seed in range(3):
        network = small_unet(seed, copy_layers=way == "with")
        trained.append(fit_scenes(network, images, truth, seed=seed, steps=steps, batch=4))


def answer(network):
    with torch.no_grad():
        return network(new_images).argmax(dim=1)


def object_jaccard(a):
    return jaccard(confusion_counts(a, y, 2))[1].item()


# %%
band = border_band(y, 2)
places = {"border": band, "object": (y == 1) & ~band, "background": (y == 0) & ~band}
a = {way: [answer(network) for network in trained] for way, trained in networks.items()}
quality = {way: [object_jaccard(each) for each in found] for way, found in a.items()}
mistakes = {
    place: {w: [(each != y)[where].double().mean().item() for each in a[w]] for w in a}
    for place, where in places.items()
}
wrong = sum((each != y) & (y != VOID) for each in a["without"])
at_border = (wrong * band).sum() / wrong.sum()

# %%
if data == "shapes":
    assert min(quality["with"]) > 0.9 > 0.88 > max(quality["without"])
    assert np.mean(mistakes["border"]["without"]) > 3 * np.mean(mistakes["border"]["with"])
    assert np.mean(mistakes["border"]["without"]) > 2 * np.mean(mistakes["object"]["without"])
    assert at_border > 0.75 > 0.3 > band.sum() / (y != VOID).sum()
left, right = figures.panels(2, height=2.8)
figures.copies_bars(left, quality)
figures.mistake_bars(right, mistakes)
figures.show()

# %% [markdown] lang="ru"
# Столбцы — средние по трём запускам, отрезки — одно стандартное отклонение, точки — сами запуски. «У границ»
# — это размеченные пиксели, у которых не дальше чем в двух пикселях есть кайма или другой класс; остальные
# разделены на объекты и фон. Пикселей у границ меньше трети, но на них приходится больше трёх четвертей
# ошибок сети без копий. С копиями у границ ошибок в несколько раз меньше.
#
# Копии полезны и внутри объектов, но там и без них верны почти все пиксели: **что** изображено, сеть обычно
# знает. Она не знает точно, **где** кончается объект: пулинг это почти стёр, а копии сохранили.

# %% [markdown] lang="en"
# Bars are means over three runs, whiskers one standard deviation, dots the runs themselves. "Near borders"
# are labelled pixels with the seam or another class no further than 2 pixels away; the others are divided
# into objects and background. Fewer than a third of the pixels are near borders, yet they hold more than
# three quarters of the mistakes of the network without copies. With copies there are several times fewer
# mistakes there.
#
# Copies help inside objects too, but nearly all pixels there are right without them: **what** is there the
# network mostly knows. It does not know **where** exactly the object ends: pooling nearly wiped that out, and
# the copies kept it.

# %%
shown = answer(networks["without"][0])[1], answer(networks["with"][0])[1], y[1]
axes = figures.panels(4, height=2.7)
figures.show_image(axes[0], new.images[1])
for ax, labels, way in zip(axes[1:], shown, ("without", "with", "truth")):
    figures.show_copies_answer(ax, labels.cpu(), way)
figures.show()

# %% [markdown] lang="ru"
# Раз дело в границах, сильнее всего должны пострадать объекты, у которых граница длинная, а площадь мала.
# Посчитаем меру Жаккара в окне вокруг каждого объекта.

# %% [markdown] lang="en"
# If borders are what matters, objects with a long border and a small area should suffer most. Compute the
# Jaccard index in a window around every object.

# %%
def about_objects(a):
    found = object_qualities((a == 1).cpu(), new.labels, new.objects)
    return np.array([[each.class_index, each.area, each.jaccard] for each in found])


each = {way: [about_objects(answer(n)) for n in trained] for way, trained in networks.items()}
kinds, areas = each["with"][0][:, 0], each["with"][0][:, 1]
quarter = np.argsort(np.argsort(areas)) * 4 // len(areas)  # 0 for the smallest objects
by_area = {
    way: np.array([[run[quarter == q, 2].mean() for q in range(4)] for run in runs])
    for way, runs in each.items()
}
mean_areas = [areas[quarter == q].mean() for q in range(4)]

# %%
common = [k for k in range(1, len(new.names)) if (kinds == k).sum() >= 5][:6]
by_shape = {
    new.names[k]: {way: [r[kinds == k, 2].mean() for r in runs] for way, runs in each.items()}
    for k in common
}
loss = {name: np.mean(q["with"]) - np.mean(q["without"]) for name, q in by_shape.items()}
lost_by_area = (by_area["with"] - by_area["without"]).mean(axis=0)
if data == "shapes":
    assert loss["ring"] > 2 * loss["disc"]
    assert lost_by_area[0] == max(lost_by_area)

# %%
left, right = figures.panels(2, height=2.9)
figures.shape_bars(left, by_shape)
figures.area_curves(right, mean_areas, by_area)
figures.show()

# %% [markdown] lang="ru"
# Кольцо тонкое, а круг сплошной и без углов; без копий кольцо теряет больше чем вдвое сильнее круга. Фигуры с
# острыми углами тоже теряют много. Из четырёх групп по площади больше всех теряют самые маленькие объекты, но
# зависимость от площади не строгая: форма важнее.

# %% [markdown] lang="en"
# A ring is thin, a disc solid and without corners; without copies the ring loses more than twice as much as
# the disc. Shapes with sharp corners lose much, too. Of the four groups by area the smallest objects lose
# most, but the dependence on area is not strict: shape matters more.

# %% [markdown] lang="ru"
# ## Какой уровень хранит границы
#
# Копий несколько. Какая из них важна? Ничего не обучая, будем портить в готовой сети то, что входит в
# декодировщик на одном уровне: либо копию, либо карты снизу. Портить можно по-разному: подставить нули или
# карты **другого изображения**. Второе честнее: сплошных нулей сеть никогда не видела, а карты другого
# изображения для неё вполне обычны.
#
# Уровень 0 — самый верхний, размером с изображение.
#
# **Предскажите:** какую из трёх копий терять больнее всего? А какие карты снизу?

# %% [markdown] lang="en"
# ## Which level keeps the borders
#
# There are several copies. Which of them matters? Without training anything, spoil what enters the decoder of
# one level in a finished network: either the copy or the maps from below. There are two ways to spoil: put
# zeros there, or the maps of **another image**. The second is fairer: the network has never seen all zeros,
# while another image's maps are nothing out of the ordinary.
#
# Level 0 is the topmost one, of the image's size.
#
# **Predict:** which of the three copies hurts most to lose? And which maps from below?

# %%
after = {"zero": {}, "other": {}}
for by, found in after.items():
    for part in ("copied", "upsampled"):
        for level in range(3):
            found[part, level] = []
            for network in networks["with"]:
                with spoiled(network[1], level, part, by):
                    found[part, level].append(object_jaccard(answer(network)))

# %%
whole = np.mean(quality["with"])
if data == "shapes":
    for found in after.values():
        assert np.mean(found["copied", 0]) < 0.65 < 0.85 < np.mean(found["copied", 2])
        assert np.mean(found["copied", 0]) < np.mean(found["upsampled", 0]) - 0.1
        assert np.mean(found["upsampled", 2]) > whole - 0.05
    assert np.mean(after["other"]["copied", 1]) < np.mean(after["zero"]["copied", 1]) - 0.05

# %%
for ax, (by, found) in zip(figures.panels(2, height=3.1), after.items()):
    figures.spoiled_bars(ax, found, by, whole)
figures.show()

# %% [markdown] lang="ru"
# Границы хранит верхняя копия: без неё мера Жаккара падает сильнее всего, при обоих способах. Копия с
# самого грубого уровня почти не нужна. На уровне 1 способы расходятся: отсутствие копии сеть переносит, а
# чужую — нет. Ноль молчит, а чужая копия уверенно говорит о других объектах.
#
# А карты со дна (уровень 2, снизу) на этих данных не нужны почти совсем: отличить нарисованный объект от фона
# можно по небольшой окрестности. На фотографиях следует ждать другого: чтобы понять, **что** изображено,
# нужно видеть далеко. Этот опыт говорит о задаче не меньше, чем о сети, и переносить его вывод на другие
# данные нельзя.
#
# Посмотрите сами, что лежит в картах. Вверху карты подробные, внизу крупные пятна; в картах снизу видны
# квадратики up-convolution, а свёртки декодировщика соединяют то и другое.

# %% [markdown] lang="en"
# The top copy keeps the borders: without it the Jaccard index falls most, either way. The copy of the
# coarsest level is hardly needed. At level 1 the two ways disagree: the network bears the absence of the
# copy but not another image's. A zero is silent, while another image's copy speaks with confidence of other
# objects.
#
# And the maps from the bottom (level 2, from below) are hardly needed at all on these data: a drawn object
# can be told from the background by a small neighbourhood. On photographs expect otherwise: to know
# **what** is there one has to see far. This experiment speaks of the task no less than of the network, and
# its conclusion must not be carried over to other data.
#
# See for yourself what is in the maps. At the top they are detailed, at the bottom they are large
# blots; in the maps from below you see the little squares of the up-convolution, and the convolutions of the
# decoder join the two.

# %%
unet = networks["with"][0][1]
figures.level_figure(unet, Centre()(new_images[:4]), new.images[:4])

# %% [markdown] lang="ru"
# ## Что видит один пиксель ответа
#
# В лекции сказано: декодировщик имеет очень большое поле восприятия. Проверим. На дне сети из статьи поле
# восприятия считается как обычно. А у пикселя ответа окно зависит от того, где он стоит: у пикселей $2i$ и
# $2i + 1$ после up-convolution один и тот же родитель $i$.
#
# **Предскажите:** у нейрона на дне поле восприятия 140. Сколько к нему добавит весь декодировщик? Изменится
# ли окно, если копии убрать?

# %% [markdown] lang="en"
# ## What one pixel of the answer sees
#
# The lecture says: the decoder has a very large receptive field. Check it. At the bottom of the paper's
# network the receptive field is computed as usual. The window of a pixel of the answer depends on where it
# stands: after an up-convolution pixels $2i$ and $2i + 1$ have the same parent $i$.
#
# **Predict:** a unit at the bottom has a receptive field of 140. How much does the whole decoder add? Does
# the window change when the copies are removed?

# %%
layers = [*paper.down[0]]
for convolve in paper.down[1:]:
    layers += [paper.pool, *convolve]
bottom = receptive_field(layers)
assert (bottom.size, bottom.stride) == ((140, 140), (16, 16))

with torch.device("meta"):
    no_copies = UNet(1, 2, copy_layers=False)
windows = [output_window(paper, i, 572) for i in range(388)]
widths = [last - first + 1 for first, last in windows]
assert set(widths) == {188, 204}
assert windows == [output_window(no_copies, i, 572) for i in range(388)]

# %% [markdown] lang="ru"
# Окно — 188 или 204 пикселя: к 140 пикселям дна декодировщик добавляет 3 или 4 шага по 16. Так что
# утверждение верно, но большую часть окна даёт кодировщик, а копии окна не меняют. Подтвердим измерением:
# сделаем все веса положительными, в пулинге вместо максимума возьмём среднее, чтобы ничего не терялось, и
# посчитаем градиент одного пикселя ответа по изображению.

# %% [markdown] lang="en"
# The window is 188 or 204 pixels: to the bottom's 140 the decoder adds 3 or 4 strides of 16. So the claim is
# right, but the larger part of the window comes from the encoder, and copies do not change it. Confirm it by
# measurement: make all weights positive, let the poolings take a mean in place of the maximum so that nothing
# gets lost, and compute the gradient of one pixel of the answer with respect to the image.

# %%
probe = UNet(1, 1, width=1).double()
probe.pool = nn.AvgPool2d(2)
for weights in probe.parameters():
    nn.init.constant_(weights, 0.2)
reached = set()
for i in (17, 21):
    seen = influence(probe, torch.ones(1, 1, 220, 220, dtype=torch.float64), i, i, class_index=0)
    rows = seen.sum(dim=1).nonzero()[:, 0]
    assert (rows[0], rows[-1]) == output_window(probe, i, 220)
    reached.add(len(rows))
assert reached == {188, 204}

# %% [markdown] lang="ru"
# Но видеть пиксель и учитывать его — не одно и то же. Тот же градиент в обычной сети показывает, насколько
# каждый пиксель **на деле** двигает ответ: это эффективное поле восприятия (Luo et al. 2016). Посмотрим на
# сеть из статьи до обучения (только поуже, 8 каналов) и на наши обученные.
#
# **Предскажите:** у какой из обученных сетей влияние сосредоточено у самого пикселя?

# %% [markdown] lang="en"
# To see a pixel and to heed it are different things, however. The same gradient in an ordinary network
# shows how much each pixel **in fact** moves the answer: this is the effective receptive field (Luo et al.
# 2016). Look at the paper's network before training (only narrower, 8 channels) and at our trained ones.
#
# **Predict:** in which of the trained networks is the influence concentrated at the pixel itself?

# %%
centre, maps, shares = size // 2, {}, {}
centred = Centre()(new_images)
for way, trained in networks.items():
    maps[way] = [influence(network[1], centred, centre, centre).cpu() for network in trained]
    shares[way] = torch.stack([square_shares(each, centre, centre) for each in maps[way]])

torch.manual_seed(0)
untrained = sum(
    influence(UNet(3, 2, width=8), torch.randn(2, 3, 220, 220), 17, 17) for _ in range(4)
)

# %%
half = {way: 2 * (runs < 0.5).sum(dim=1) + 1 for way, runs in shares.items()}  # sides of squares
wide = 2 * (square_shares(untrained, 109, 109) < 0.5).sum() + 1
assert wide < 188 / 2
if data == "shapes":
    assert half["with"].max() <= 13 and half["without"].min() > half["with"].max()

# %%
one, two, three = figures.panels(3, height=2.2)
figures.show_influence(one, untrained, output_window(UNet(3, 2, width=1), 17, 220), "untrained")
figures.show_influence(two, maps["without"][0], None, "without")
figures.show_influence(three, maps["with"][0], None, "with")
figures.show()

# %%
(ax,) = figures.panels(1, height=2.5)
figures.influence_curves(ax, shares)
figures.show()

# %% [markdown] lang="ru"
# До обучения влияние собрано в середине окна (пунктир): половина его приходится на квадрат со стороной
# меньше половины окна. После обучения с копиями половина влияния лежит в квадрате не больше $13 \times 13$,
# без копий квадрат нужен заметно больше: ответ приходится собирать издалека. Копии не сужают поле
# восприятия, они дают сети **возможность** опираться на близкое. Каждая линия — отдельный запуск.

# %% [markdown] lang="en"
# Before training the influence gathers in the middle of the window (dashed): half of it falls into a square
# with less than half the window's side. After training with copies half of the influence lies in a square
# of at most $13 \times 13$; without copies the square has to be markedly larger: the answer has to be
# gathered from afar. Copies do not narrow the receptive field, they give the network a **way** to rely on
# what is near. Each line is a single run.

# %% [markdown] lang="ru"
# ## Учится на немногих изображениях
#
# В статье для обучения хватило 30 изображений. Одно размеченное изображение — это тысячи размеченных пикселей
# (лекция 04). Обучим ту же сеть на одном, двух, четырёх и на всех изображениях, каждый раз столько же шагов
# (пакет не больше, чем есть изображений).
#
# **Предскажите:** какую долю этого качества даст обучение на четырёх изображениях?

# %% [markdown] lang="en"
# ## It learns from few images
#
# In the paper 30 images were enough for training. One annotated image is thousands of annotated pixels
# (lecture 04). Train the same network on one, two, four and all images, for the same number of steps each
# time (a batch has no more images than there are).
#
# **Predict:** what share of that quality does training on four images give?

# %%
numbers, by_number = [1, 2, 4], []
for few in numbers:
    by_number.append([])
    for seed in range(3):
        chosen = slice(few * seed, few * (seed + 1))  # every run has images of its own
        network = small_unet(seed)
        fit_scenes(network, images[chosen], truth[chosen], seed=seed, steps=steps, batch=4)
        by_number[-1].append(object_jaccard(answer(network)))
by_number.append(quality["with"])
if data == "shapes":
    assert np.mean(by_number[2]) > 0.75 * whole
    assert np.mean(by_number[0]) < np.mean(by_number[2])

# %%
(ax,) = figures.panels(1, height=2.6)
figures.few_images_curve(ax, [*numbers, number], by_number)
figures.show()

# %% [markdown] lang="ru"
# Четыре изображения дают больше трёх четвертей того, что даёт вся выборка. При одном изображении разброс
# велик: многое зависит от того, какое именно попалось. В статье к тридцати изображениям добавляли искажённые
# копии (повороты, сдвиги, упругие деформации); здесь мы такого опыта не ставим.

# %% [markdown] lang="en"
# Four images give more than three quarters of what the whole set gives. With one image the spread is large:
# much depends on which one it is. The paper added distorted copies (rotations, shifts, elastic
# deformations) to its thirty images; we make no experiment on that here.

# %% [markdown] lang="ru"
# ## Чем это отличается от FCN
#
# FCN-8s тоже берёт карты с промежуточных слоёв. Главным отличием U-Net в лекции названо **копирование
# слоёв**. Разберём, в чём именно разница.
#
# **Предскажите:** FCN складывает логиты, U-Net ставит каналы друг за другом. Можно ли сложением получить то,
# чего нельзя получить из поставленных рядом каналов свёрткой $1 \times 1$?

# %% [markdown] lang="en"
# ## How it differs from FCN
#
# FCN-8s takes maps from intermediate layers, too. The lecture calls **copying layers** the main difference of
# U-Net. Let us see what exactly differs.
#
# **Predict:** FCN adds logits, U-Net puts channels one after another. Can addition give anything that a
# $1 \times 1$ convolution of concatenated channels cannot?

# %%
fcn = {stride: TORCHVISION_NODES["vgg16"][stride][1] for stride in (16, 8)}
figures.copy_table(fcn, 21, copy_rows(paper, 572))

# %%
torch.manual_seed(0)
side, below = torch.randn(1, 6, 5, 5), torch.randn(1, 4, 5, 5)
score_side, score_below = nn.Conv2d(6, 3, 1), nn.Conv2d(4, 3, 1)
joined = nn.Conv2d(6 + 4, 3, 1)
with torch.no_grad():
    joined.weight.copy_(torch.cat([score_side.weight, score_below.weight], dim=1))
    joined.bias.copy_(score_side.bias + score_below.bias)
    added = score_side(side) + score_below(below)
    assert torch.allclose(joined(torch.cat([side, below], dim=1)), added, atol=1e-5)

# %% [markdown] lang="ru"
# Нельзя: сумма логитов — это свёртка $1 \times 1$ над каналами, поставленными рядом, то есть частный случай.
# U-Net делает больше в трёх отношениях. Она переносит не $K$ чисел на пиксель, а все каналы; над соединёнными
# картами стоят две свёртки $3 \times 3$ с ReLU, которые могут сопоставить «что» и «где»; и копирует она на
# всех уровнях вплоть до полного разрешения, тогда как FCN-8s останавливается на шаге 8 и дальше только
# интерполирует.
#
# Платой за это служат память и счёт: карты верхнего уровня — самые большие.

# %% [markdown] lang="en"
# It cannot: a sum of logits is a $1 \times 1$ convolution of concatenated channels, a special case. U-Net
# does more in three respects. It carries not $K$ numbers a pixel but all the channels; over the joined maps
# stand two $3 \times 3$ convolutions with ReLU, which can match "what" with "where"; and it copies at all
# levels up to full resolution, while FCN-8s stops at stride 8 and from there only interpolates.
#
# The price is memory and computation: the maps of the top level are the largest.

# %% [markdown] lang="ru"
# **На VOC 2012** те же ячейки обучают те же сети отделять объекты двадцати классов от фона, на видеокарте —
# на 400 изображениях $128 \times 128$ за 600 шагов. Фотографии труднее рисунков: отличить объект по небольшой
# окрестности нельзя, и качества следует ждать намного ниже. Проверки, которые опираются на нарисованные
# данные, там пропускаются, а заголовки рисунков описывают то, что получилось на нарисованных сценах.

# %% [markdown] lang="en"
# **On VOC 2012** the same cells train the same networks to tell objects of twenty classes from the
# background; on a GPU, with 400 images of $128 \times 128$, for 600 steps. Photographs are harder than
# drawings: an object cannot be told by a small neighbourhood, so expect far lower quality. Checks that rest
# on the drawn data are skipped there, and the titles of the figures describe what came out on the drawn
# scenes.

# %% [markdown] lang="ru"
# ## Проверьте себя
#
# <details><summary>1. На вход U-Net из статьи подали 700 пикселей. Подойдёт ли этот размер и каким будет
# ответ?</summary>
#
# $700 = 43 \cdot 16 + 12$, подойдёт; ответ $700 - 184 = 516$ пикселей.
#
# </details>
#
# <details><summary>2. Сколько слагаемых получит внутренний пиксель при ядре 4 и шаге 2?</summary>
#
# По два штампа вдоль каждой оси, всего четыре, и во всех пикселях одинаково: 2 делит 4.
#
# </details>
#
# <details><summary>3. Вернёт ли up-convolution с тем же ядром то, что было до свёртки?</summary>
#
# Нет. Её матрица транспонирована к матрице свёртки, а не обратна ей. Возвращается только размер.
#
# </details>
#
# <details><summary>4. Копий нет, а каналов сколько угодно. Может ли сеть в принципе провести точную
# границу?</summary>
#
# Может, если на дне хватит каналов, чтобы записать, где именно внутри квадрата $2^d \times 2^d$ проходит
# граница. Пулинг теряет положение максимума, но свёртки перед ним могут разложить положение по каналам. Этому
# нужно долго учиться, а копия даёт его даром.
#
# </details>
#
# <details><summary>5. Почему копия идёт в карту того же уровня, а не любого другого?</summary>
#
# У карт одного уровня одинаковый размер пикселя: их можно поставить рядом, и каждый пиксель встретит свою
# же окрестность. (При свёртках без дополнения копию ещё обрезают по краям.)
#
# </details>

# %% [markdown] lang="en"
# ## Check yourself
#
# <details><summary>1. The paper's U-Net is given 700 pixels. Does this size fit, and what will the output
# be?</summary>
#
# $700 = 43 \cdot 16 + 12$, it fits; the output is $700 - 184 = 516$ pixels.
#
# </details>
#
# <details><summary>2. How many terms does an inner pixel get with kernel 4 and stride 2?</summary>
#
# Two stamps along each axis, four in all, and the same in every pixel: 2 divides 4.
#
# </details>
#
# <details><summary>3. Does an up-convolution with the same kernel return what was there before the
# convolution?</summary>
#
# No. Its matrix is the transpose of the convolution's, not its inverse. Only the size returns.
#
# </details>
#
# <details><summary>4. There are no copies, but any number of channels. Can the network draw an exact border
# in principle?</summary>
#
# It can, if the bottom has channels enough to write down where inside a $2^d \times 2^d$ square the border
# runs. Pooling loses the place of the maximum, but convolutions before it can spread the place over channels.
# That takes long to learn, and a copy gives it for nothing.
#
# </details>
#
# <details><summary>5. Why does the copy go to the map of the same level and not of any other?</summary>
#
# Maps of one level have pixels of one size: they can be put side by side, and every pixel meets its own
# neighbourhood. (With valid convolutions the copy is cropped at its rim, too.)
#
# </details>

# %%
assert level_sizes(700)[-1][-1] == 516
assert stamps(4, 2, 6)[4:-4, 4:-4].unique().tolist() == [4]

# %% [markdown] lang="ru"
# ## Итоги
#
# - U-Net — кодировщик, декодировщик и копии слоёв между ними. Без дополнения нулями ответ меньше входа на 184
#   пикселя.
# - Up-convolution ставит штампы и складывает их. Её матрица транспонирована к матрице свёртки. Чтобы число
#   штампов было одинаковым, шаг должен делить сторону ядра.
# - Копии исправляют прежде всего границы: там больше всего ошибок. Больше всего выигрывают тонкие и
#   маленькие объекты, а важнее всего верхняя копия.
# - Пиксель ответа видит 188 или 204 пикселя, с копиями и без; но сеть с копиями опирается в основном на
#   близкие.
# - Сложение логитов в FCN — частный случай соединения каналов.
#
# **Дальше:** лекция 08 о раздутых свёртках, где разрешение вообще не теряют, и задание `unet`, в котором вы
# соберёте U-Net сами.
#
# **Источники**
# - O. Ronneberger, P. Fischer, T. Brox. U-Net: Convolutional Networks for Biomedical Image Segmentation.
#   MICCAI 2015, [arXiv:1505.04597](https://arxiv.org/abs/1505.04597).
# - J. Long, E. Shelhamer, T. Darrell. Fully Convolutional Networks for Semantic Segmentation. CVPR 2015,
#   [arXiv:1411.4038](https://arxiv.org/abs/1411.4038).
# - V. Dumoulin, F. Visin. A guide to convolution arithmetic for deep learning. 2016,
#   [arXiv:1603.07285](https://arxiv.org/abs/1603.07285).
# - A. Odena, V. Dumoulin, C. Olah. Deconvolution and Checkerboard Artifacts. *Distill*, 2016,
#   [doi:10.23915/distill.00003](https://doi.org/10.23915/distill.00003).
# - M. Drozdzal, E. Vorontsov, G. Chartrand, S. Kadoury, C. Pal. The Importance of Skip Connections in
#   Biomedical Image Segmentation. 2016, [arXiv:1608.04117](https://arxiv.org/abs/1608.04117).
# - W. Luo, Y. Li, R. Urtasun, R. Zemel. Understanding the Effective Receptive Field in Deep Convolutional
#   Neural Networks. NIPS 2016, [arXiv:1701.04128](https://arxiv.org/abs/1701.04128).

# %% [markdown] lang="en"
# ## Summary
#
# - U-Net is an encoder, a decoder and copied layers between them. Without zero padding the output is 184
#   pixels smaller than the input.
# - An up-convolution puts down stamps and adds them. Its matrix is the transpose of the convolution's. For an
#   equal number of stamps the stride has to divide the kernel's side.
# - Copies mend borders above all: that is where most mistakes are. Thin and small objects gain most, and the
#   top copy matters most.
# - A pixel of the answer sees 188 or 204 pixels, with copies and without; but the network with copies
#   relies mostly on near ones.
# - Adding logits, as in FCN, is a special case of concatenating channels.
#
# **Next:** lecture 08 on dilated convolutions, where resolution is not lost at all, and the assignment
# `unet`, where you build U-Net yourself.
#
# **Papers**
# - O. Ronneberger, P. Fischer, T. Brox. U-Net: Convolutional Networks for Biomedical Image Segmentation.
#   MICCAI 2015, [arXiv:1505.04597](https://arxiv.org/abs/1505.04597).
# - J. Long, E. Shelhamer, T. Darrell. Fully Convolutional Networks for Semantic Segmentation. CVPR 2015,
#   [arXiv:1411.4038](https://arxiv.org/abs/1411.4038).
# - V. Dumoulin, F. Visin. A guide to convolution arithmetic for deep learning. 2016,
#   [arXiv:1603.07285](https://arxiv.org/abs/1603.07285).
# - A. Odena, V. Dumoulin, C. Olah. Deconvolution and Checkerboard Artifacts. *Distill*, 2016,
#   [doi:10.23915/distill.00003](https://doi.org/10.23915/distill.00003).
# - M. Drozdzal, E. Vorontsov, G. Chartrand, S. Kadoury, C. Pal. The Importance of Skip Connections in
#   Biomedical Image Segmentation. 2016, [arXiv:1608.04117](https://arxiv.org/abs/1608.04117).
# - W. Luo, Y. Li, R. Urtasun, R. Zemel. Understanding the Effective Receptive Field in Deep Convolutional
#   Neural Networks. NIPS 2016, [arXiv:1701.04128](https://arxiv.org/abs/1701.04128).
