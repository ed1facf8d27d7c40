# %% [markdown] lang="ru"
# # FCN и чем она плоха
#
# **После этой лекции вы сможете**
# - превратить классификатор с полносвязными слоями в полностью свёрточную сеть и проверить, что ответы не
#   изменились;
# - собрать FCN-32s, 16s и 8s на предобученной сети и объяснить, что в них складывается;
# - повысить разрешение карты тремя способами и сказать, чем они отличаются;
# - измерить, насколько грубы границы, и понять, почему нельзя просто убрать пулинги.
#
# **Что нужно знать:** лекции 01 (предобученная сеть, замороженные слои), 04 (мера Жаккара, кайма 255) и
# 05 (перекрёстная энтропия по пикселям).
#
# **Сколько это займёт:** около часа вместе с вопросами для самопроверки.

# %% [markdown] lang="en"
# # Fully convolutional networks, and what is wrong with them
#
# **After this lecture you will be able to**
# - turn a classifier with dense layers into a fully convolutional network and check that its answers have
#   not changed;
# - build FCN-32s, 16s and 8s on a pretrained network and explain what is added up in them;
# - upsample a map in three ways and say how they differ;
# - measure how coarse the borders are, and understand why one cannot simply drop the poolings.
#
# **You need to know:** lectures 01 (pretrained networks, frozen layers), 04 (the Jaccard index, the 255 seam)
# and 05 (the cross-entropy over pixels).
#
# **Time:** about an hour, the self-check questions included.

# %%
from collections import OrderedDict

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from course_utils import figures, session
from course_utils.data import VOID
from course_utils.data.published import FCN_PUBLISHED
from course_utils.data.scenes import load_scenes
from course_utils.data.small_net import SmallNet
from course_utils.reference.border_band import border_band, only_band
from course_utils.reference.class_pictures import Normalized
from course_utils.reference.coarse_labels import cell_shares, commonest_labels
from course_utils.reference.dense_heads import FrozenMaps
from course_utils.reference.fcn import (
    FCN,
    FeatureMaps,
    classifier_to_convolutions,
    dense_to_convolution,
)
from course_utils.reference.metrics import confusion_counts, mean_jaccard
from course_utils.reference.pooled_network import pooled_network
from course_utils.reference.pretrained import IMAGENET_MEAN, IMAGENET_STD, load_pretrained
from course_utils.reference.receptive_field import receptive_field
from course_utils.reference.short_training import fit_scenes
from course_utils.reference.size_labels import size_labels, size_limits
from course_utils.reference.upsampling import (
    bilinear_kernel,
    bilinear_transposed_convolution,
    upsample_replicate,
)

built_in, device = session.current().data == "shapes", session.current().device
side = 128 if built_in else 256  # pixels
train = load_scenes("train", 200, size=side, data=session.current().data)
new = load_scenes("val", 60, size=side, data=session.current().data)
K = len(train.names)  # classes, background included

# %% [markdown] lang="ru"
# ## Полносвязный слой — это свёртка
#
# Классификатор умеет отвечать на вопрос «что на изображении?». Для сегментации хочется спросить об
# окрестности каждого пикселя: провести по изображению окном и для каждого окна запустить классификатор.
# Мешает то, что окон много и они перекрываются.
#
# Свёрточным слоям размер входа безразличен. Размер фиксируют полносвязные слои: они берут карту
# $C \times h \times w$, вытягивают её в вектор и умножают на матрицу. Но строка матрицы — это
# $C \cdot h \cdot w$ чисел, то есть ровно фильтр $h \times w$ с $C$ каналами.
#
# **Предскажите:** возьмём слой `nn.Linear(16 * 5 * 5, 32)` и запишем его веса в свёртку $5 \times 5$. Что она
# выдаст на карте $16 \times 5 \times 5$? А на карте $16 \times 8 \times 8$?

# %% [markdown] lang="en"
# ## A dense layer is a convolution
#
# A classifier can answer the question "what is in the image?". Segmentation has to ask about the
# surroundings of every pixel: slide a window over the image and run the classifier on each window. The
# trouble is that there are many windows, and they overlap.
#
# Convolutional layers do not care about the size of their input. It is the dense layers that fix it: they
# take a $C \times h \times w$ map, flatten it to a vector and multiply by a matrix. But a row of the matrix
# is $C \cdot h \cdot w$ numbers, that is, exactly an $h \times w$ filter with $C$ channels.
#
# **Predict:** take the layer `nn.Linear(16 * 5 * 5, 32)` and write its weights into a $5 \times 5$
# convolution. What does it give on a $16 \times 5 \times 5$ map? And on a $16 \times 8 \times 8$ one?

# %%
torch.manual_seed(0)
dense = nn.Linear(16 * 5 * 5, 32)
convolution = dense_to_convolution(dense, channels=16, height=5, width=5)
assert torch.equal(convolution.weight.flatten(1), dense.weight)  # the same numbers

maps = torch.randn(1, 16, 8, 8)
slid = convolution(maps)
assert slid.shape == (1, 32, 4, 4)
for i, j in np.ndindex(4, 4):
    window = maps[:, :, i : i + 5, j : j + 5]
    assert torch.allclose(slid[:, :, i, j], dense(window.flatten(1)), atol=1e-5)

# %%
(ax,) = figures.panels(1, height=2.2)
figures.show_dense_as_convolution(ax, kernel=(5, 5), larger=(8, 8), shape=(16, 32))
figures.show()

# %% [markdown] lang="ru"
# На карте «родного» размера получается тот же вектор, на большей — тот же слой в каждом окне. Дальше
# полносвязные слои видят одну позицию, и для них это свёртки $1 \times 1$. Значит, целиком свёрточной
# становится вся сеть. Проверим на сети, в которой **нет дополнения нулями**: вырежем из изображения все окна
# $32 \times 32$ с шагом 4 и сравним ответы.
#
# **Предскажите:** во сколько раз один проход по всему изображению дешевле проходов по всем окнам?

# %% [markdown] lang="en"
# On a map of the "native" size this gives the same vector, on a larger one the same layer in every window.
# The dense layers after it see a single position, and for them that is a $1 \times 1$ convolution. So the
# whole network becomes convolutional. Check it on a network **without zero padding**: cut all $32 \times 32$
# windows out of an image at a stride of 4 and compare the answers.
#
# **Predict:** how many times cheaper is one pass over the image than the passes over all windows?

# %%
def classifier(padding):
    features = [nn.Conv2d(3, 8, 5, stride=2, padding=2 * padding), nn.ReLU(), nn.MaxPool2d(2)]
    features += [nn.Conv2d(8, 16, 3, padding=padding), nn.ReLU()]
    rest = 8 if padding else 5  # the side of the map of a 32 x 32 image
    parts = OrderedDict(features=nn.Sequential(*features), avgpool=nn.AdaptiveAvgPool2d(rest))
    dense = [nn.Flatten(), nn.Linear(16 * rest**2, 32), nn.ReLU(), nn.Linear(32, K)]
    return nn.Sequential(parts | {"classifier": nn.Sequential(*dense)}).eval()


def windows(images, size, stride):
    cut = images.unfold(2, size, stride).unfold(3, size, stride)  # (1, 3, rows, columns, s, s)
    return cut.permute(0, 2, 3, 1, 4, 5).flatten(0, 2)


# %%
image, one = new.images[:1, :, :128, :128], classifier(padding=0)
fully_convolutional = classifier_to_convolutions(one)
with torch.no_grad(), FlopCounterMode(display=False) as passes:
    answers = one(windows(image, size=32, stride=4))
with torch.no_grad(), FlopCounterMode(display=False) as single:
    scores = fully_convolutional(image)

assert answers.shape == (625, K)
assert scores.shape == (1, K, 25, 25)
assert torch.allclose(scores[0].flatten(1).T, answers, atol=1e-5)  # on every window
assert 8 < passes.get_total_flops() / single.get_total_flops() < 9

# %% [markdown] lang="ru"
# Ответы на всех 625 окнах совпали, а вычислений понадобилось в 8 с лишним раз меньше: первые слои считаются
# один раз, а не заново в каждом окне. С этого и начинается FCN: **полносвязные слои заменены свёртками**, и
# сеть принимает изображение любого размера.
#
# ### А если в сети есть дополнение нулями
#
# Почти все настоящие сети дополняют карты нулями.
#
# **Предскажите:** останется ли равенство? Если нет, то в каких местах карты признаков оно нарушится?

# %% [markdown] lang="en"
# The answers on all 625 windows agree, and it took over 8 times less computing: the first layers are computed
# once and not anew in every window. That is where an FCN starts: **convolutions take the place of the dense
# layers**, and the network accepts an image of any size.
#
# ### What if the network pads with zeros
#
# Nearly all real networks pad their maps with zeros.
#
# **Predict:** does the equality survive? If not, in which places of the feature map does it break?

# %%
torch.manual_seed(0)
padded = classifier(padding=1)
with torch.no_grad():
    whole = padded.features(image)  # (1, 16, 32, 32), stride 4
    part = padded.features(image[:, :, 48:80, 48:80])  # a window cut out: 8 units a side
difference = (whole[:, :, 12:20, 12:20] - part).abs().amax(dim=(0, 1))
assert difference[2:-2, 2:-2].max() < 1e-5  # far from the rim nothing has changed
rim = difference.clone()
rim[1:-1, 1:-1] = 0
assert rim.sum() / 28 > 0.01  # 28 units lie on the rim itself

# %%
left, right = figures.panels(2, height=2.5)
figures.show_image(left, image[0, :, 48:80, 48:80])
figures.show_padding_difference(right, difference)
figures.show()

# %% [markdown] lang="ru"
# У вырезанного окна за краем нули, а внутри изображения там соседние пиксели. Две крайние полосы карты
# изменились, середина осталась прежней. Точное равенство выполняется теперь только для полносвязной части:
# она равна свёртке на любом окне **карты**, но карта окна уже не кусок карты изображения.
#
# Чем глубже сеть, тем дальше от края доходит это различие. Возьмём предобученную сеть, составим из четырёх
# изображений одно большое и проведём по нему классификатор с шагом 32: сначала вырезая окна, потом за один
# проход.

# %% [markdown] lang="en"
# Beyond the edge of the cut window there are zeros, while inside the image there are the neighbouring
# pixels. The two outer strips of the map have changed, the middle is as it was. Exact equality now holds
# for the dense part only: it equals a convolution on any window **of the map**, but the map of a window is
# no longer a piece of the image's map.
#
# The deeper the network, the further from the edge the difference reaches. Take a pretrained network, put
# four images together into a large one and slide the classifier over it at a stride of 32: first by cutting
# windows out, then in one pass.

# %%
classify = load_pretrained(session.current().data, "alexnet")
size, inner = classify.size, classify.model
if isinstance(inner, Normalized):  # torchvision's: the normalisation stands around it
    sliding = classifier_to_convolutions(inner.model).eval()
    sliding = Normalized(sliding, IMAGENET_MEAN, IMAGENET_STD)
else:  # the small network: it averages over the whole map, 2 x 2 units of a 64 x 64 image
    sliding = classifier_to_convolutions(inner, map_size=(2, 2)).eval()

mosaic = new.images[:4].unflatten(0, (2, 2)).permute(2, 0, 3, 1, 4).flatten(1, 2).flatten(2)
with torch.no_grad():
    cut = inner(windows(mosaic[None], size, 32)).argmax(dim=1)
    slid = sliding(mosaic[None])[0].argmax(dim=0)
cut = cut.view(slid.shape)

# %%
agreed = (cut == slid).double().mean()
if built_in:
    assert slid.shape == (7, 7)
    assert 0.3 < agreed < 0.7  # chance would give about 1/6; without padding it would be 1
left, right = figures.panels(2, height=2.8)
figures.show_window_answers(left, mosaic, cut, classify.classes, "cut", size=size, stride=32)
figures.show_window_answers(right, mosaic, slid, classify.classes, "slid", size=size, stride=32)
figures.show()

# %% [markdown] lang="ru"
# Квадрат стоит в середине окна, цвет — класс; первое окно обведено пунктиром. Ответы совпали лишь примерно в
# половине окон: сеть дополняет карты нулями в каждом слое, а поле восприятия последней карты больше самого
# окна. Для сегментации это не беда, ведь сеть всё равно дообучают, уже в свёрточном виде.
#
# Обратите внимание: сеть училась отвечать про один объект в середине окна и не знает фона. Она отвечает «что
# это», даже если в окне ничего нет. Нужен новый последний слой.

# %% [markdown] lang="en"
# A square stands in the middle of its window, the colour is the class; the first window is drawn dashed. The
# answers agree in only about half of the windows: the network pads with zeros in every layer, and the
# receptive field of the last map is larger than the window itself. For segmentation that is no harm, for the
# network will be trained further anyway, in its convolutional form.
#
# Note that the network learnt to answer about one object in the middle of a window and knows no background.
# It says "what it is" even where there is nothing. It needs a new last layer.

# %% [markdown] lang="ru"
# ## Свёртка 1×1
#
# Тензор с последнего слоя имеет размер $C \times h \times w$. Свёртка $1 \times 1$ с $K$ фильтрами
# превращает его в тензор $K \times h \times w$: по одному числу $b_{ik}$ на класс в каждой позиции.
#
# **Предскажите:** сколько у неё весов? Зависит ли их число от размера карты?

# %% [markdown] lang="en"
# ## A 1×1 convolution
#
# The tensor of the last layer is $C \times h \times w$. A $1 \times 1$ convolution with $K$ filters turns
# it into a $K \times h \times w$ tensor: one number $b_{ik}$ a class at each position.
#
# **Predict:** how many weights does it have? Does the number depend on the size of the map?

# %%
C, h = 192, 4
features = torch.randn(2, C, h, h)
score = nn.Conv2d(C, K, kernel_size=1)
linear = F.linear(features.movedim(1, -1), score.weight.view(K, C), score.bias)  # (N, h, w, K)
assert torch.allclose(score(features), linear.movedim(-1, 1), atol=1e-5)
assert sum(weight.numel() for weight in score.parameters()) == K * C + K

(ax,) = figures.panels(1, height=2.4)
figures.show_one_by_one(ax, channels=C, classes=K, side=h)
figures.show()

# %% [markdown] lang="ru"
# Это линейный классификатор на $C$ признаках, один и тот же во всех позициях: $KC + K$ чисел при любом
# размере карты. Та же линейная модель на признаках, что и в лекции о переносе знаний, только ответов
# столько, сколько позиций.
#
# ## Вся сеть
#
# Пропустим одно изображение через предобученную сеть и запишем размеры всех карт.
#
# **Предскажите:** какой будет сторона последней карты? Сколько пикселей изображения приходится на одну её
# позицию?

# %% [markdown] lang="en"
# It is a linear classifier of $C$ features, one and the same at all positions: $KC + K$ numbers for a map
# of any size. The same linear model on features as in the lecture on transfer learning, only with as many
# answers as there are positions.
#
# ## The whole network
#
# Send one image through the pretrained network and write down the sizes of all maps.
#
# **Predict:** what is the side of the last map? How many pixels of the image are there to one of its
# positions?

# %%
pretrained = load_pretrained(session.current().data, "resnet18")
nodes = dict(zip((2, 4, 8, 16, 32), pretrained.layers))
with torch.no_grad():
    maps = FeatureMaps(pretrained.model, nodes)(new.images[:1])
sizes = {1: tuple(new.images.shape[1:])} | {s: tuple(maps[s].shape[1:]) for s in nodes}
assert all(size[1] == side // s for s, size in sizes.items())
if built_in:
    assert [sizes[s][0] for s in nodes] == [32, 64, 96, 128, 192]
    assert sizes[32] == (192, 4, 4)

(ax,) = figures.panels(1, height=3.6)
figures.show_fcn(ax, sizes, {s: (K, side // s, side // s) for s in (32, 16, 8)})
figures.show()

# %% [markdown] lang="ru"
# Серые блоки — карты признаков, их размеры взяты из настоящего прохода. Оранжевые — логиты классов. Самый
# простой вариант, **FCN-32s**, берёт только последнюю карту: свёртка $1 \times 1$ и повышение разрешения в
# 32 раза. **FCN-16s** повышает разрешение логитов вдвое и прибавляет к ним логиты, посчитанные свёрткой
# $1 \times 1$ по карте с шагом 16. **FCN-8s** делает так ещё раз, с шагом 8.

# %% [markdown] lang="en"
# Grey blocks are feature maps, their sizes taken from a real pass. Orange ones are logits of classes. The
# simplest variant, **FCN-32s**, takes the last map only: a $1 \times 1$ convolution, then upsampling by 32.
# **FCN-16s** upsamples the logits by two and adds the logits that a $1 \times 1$ convolution makes of the
# map of stride 16. **FCN-8s** does so once more, at stride 8.

# %% [markdown] lang="ru"
# ## Повышение разрешения
#
# Логиты получились на карте $h \times w$, а нужны в каждом пикселе. Первый способ — **размножение
# пикселей**: каждое число повторяется в квадрате $s \times s$. Второй — билинейная интерполяция. Третий —
# **транспонированная свёртка**: каждое число карты умножается на ядро, ядра кладутся на большую карту с
# шагом $s$ и складываются. Веса ядра можно учить.
#
# **Предскажите:** каким должно быть ядро транспонированной свёртки, чтобы она делала билинейную интерполяцию?
# Получится ли точное равенство?

# %% [markdown] lang="en"
# ## Upsampling
#
# The logits stand on an $h \times w$ map, but are needed in every pixel. The first way is **pixel
# replication**: each number is repeated in an $s \times s$ square. The second is bilinear interpolation.
# The third is a **transposed convolution**: each number of the map is multiplied by a kernel, the kernels
# are laid over the large map at stride $s$ and added. The weights of the kernel can be learnt.
#
# **Predict:** which kernel makes a transposed convolution do bilinear interpolation? Will the two be exactly
# equal?

# %%
s = 16
small = cell_shares(new.labels[:1], s, K)[:, :1]  # the share of background in every cell
replicated = upsample_replicate(small, s)
assert torch.equal(replicated, F.interpolate(small, scale_factor=s, mode="nearest"))

interpolated = F.interpolate(small, scale_factor=s, mode="bilinear", align_corners=False)
with torch.no_grad():
    transposed = bilinear_transposed_convolution(1, s)(small)
difference = (interpolated - transposed)[0, 0]
assert difference[s // 2 : -s // 2, s // 2 : -s // 2].abs().max() < 1e-5
assert difference.abs().max() > 0.2

# %%
axes = figures.panels(4, height=2.3)
figures.show_upsampled(axes[0], replicated[0, 0], "replicated")
figures.show_upsampled(axes[1], interpolated[0, 0], "interpolated")
figures.show_upsampled(axes[2], transposed[0, 0], "transposed")
figures.show_border_difference(axes[3], difference)
figures.show()

# %% [markdown] lang="ru"
# Размножение в точности равно `interpolate(mode="nearest")`. Транспонированная свёртка с ядром-шатром
# $w(u) = 1 - |u| / s$ (размер ядра $2s$, шаг $s$) внутри совпадает с билинейной интерполяцией, а в полосе
# шириной $s/2$ вдоль края отличается: интерполяция повторяет там крайний пиксель, а свёртка видит за краем
# нули, и числа убывают. Все логиты пикселя уменьшаются в одно и то же число раз, так что класс с наибольшим
# логитом остаётся тем же.
#
# ### Что можно выучить
#
# Шатёр — только начало. Дадим сети задачу, в которой всё зависит от повышения разрешения: по доле объектов в
# клетках $8 \times 8$ восстановить их маску. Ядро начинает с шатра и учится на 200 изображениях.
#
# **Предскажите:** каким станет ядро?

# %% [markdown] lang="en"
# Replication equals `interpolate(mode="nearest")` exactly. A transposed convolution with a tent
# $w(u) = 1 - |u| / s$ for its kernel (size $2s$, stride $s$) agrees with bilinear interpolation inside and
# differs in a strip $s/2$ wide along the edge: there interpolation repeats the last pixel, while the
# convolution sees zeros beyond it, and the numbers shrink. All logits of a pixel shrink by the same factor,
# so the class with the largest logit stays the same.
#
# ### What can be learnt
#
# The tent is only a start. Set a task in which everything depends on upsampling: restore the mask of the
# objects from their share in cells of $8 \times 8$. The kernel starts from the tent and learns from 200
# images.
#
# **Predict:** what will the kernel become?

# %%
def shares_and_masks(scenes, s=8):
    mask = torch.where(scenes.labels == VOID, VOID, (scenes.labels > 0).byte())
    return cell_shares(mask, s, 2)[:, 1:], mask[:, None]


def squared_error(restored, mask):
    return (restored - mask)[mask != VOID].square().mean()


few, masks = shares_and_masks(train)
few_new, masks_new = shares_and_masks(new)

# %%
errors = {"replicated": [squared_error(upsample_replicate(few_new, 8), masks_new).item()]}
tent = bilinear_transposed_convolution(1, 8)
with torch.no_grad():
    errors["bilinear"] = [squared_error(tent(few_new), masks_new).item()]
errors["learned"] = []

# %%
for seed in range(3):
    draw, layer = torch.Generator().manual_seed(seed), bilinear_transposed_convolution(1, 8)
    descent = torch.optim.Adam(layer.parameters(), lr=0.03)
    for _step in range(40):
        rows = torch.randperm(len(few), generator=draw)[:8]
        descent.zero_grad()
        squared_error(layer(few[rows]), masks[rows]).backward()
        descent.step()
    errors["learned"].append(squared_error(layer(few_new), masks_new).item())

# %%
kernels = {"replicated": np.repeat([0.0, 1.0, 0.0], [4, 8, 4])}
kernels["bilinear"] = bilinear_kernel(8)[7] / bilinear_kernel(8)[7].max()
kernels["learned"] = layer.weight.detach()[0, 0, 7:9].mean(dim=0)
assert errors["bilinear"][0] < 0.95 * errors["replicated"][0]
if built_in:
    assert max(errors["learned"]) < 0.95 * errors["bilinear"][0]
    assert kernels["learned"][[0, -1]].max() < 0 < 1 < kernels["learned"].max()
left, right = figures.panels(2, height=2.7)
figures.upsampling_error_bars(left, errors)
figures.tent_curves(right, kernels)
figures.show()

# %% [markdown] lang="ru"
# Точки — три запуска с разным порядком изображений. Шатёр ошибается меньше размножения, выученное ядро —
# меньше обоих. Оно круче шатра и по краям опускается ниже нуля: подчёркивает перепад, то есть делает край
# объекта резче. Но вернуть то, чего на маленькой карте нет, не может и выученное ядро.
#
# Ядро нужно брать такого размера, чтобы шаг делил его нацело. Посчитаем, сколько раз пишут в каждый пиксель.

# %% [markdown] lang="en"
# Dots are three runs with images in different order. The tent errs less than replication, the learnt kernel
# less than both. It is steeper than the tent and dips below zero at its ends: it stresses the step, that is,
# sharpens the edge of the object. But even a learnt kernel cannot bring back what is not on the small map.
#
# The kernel should have a size that the stride divides. Count how many times each pixel is written into.

# %%
axes = figures.panels(2, height=2.1)
for ax, k in zip(axes, (3, 4)):
    cover = F.conv_transpose2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, k, k), stride=2)[0, 0]
    inner_counts = set(cover[k:-k, k:-k].flatten().tolist())
    assert inner_counts == ({1.0, 2.0, 4.0} if k == 3 else {4.0})
    figures.show_kernel_cover(ax, cover, kernel=k, stride=2)
figures.show()

# %% [markdown] lang="ru"
# При ядре 3 и шаге 2 в соседние пиксели пишут 1, 2 или 4 раза, и на карте проступает шахматный узор. При
# ядре 4 все внутренние пиксели равноправны.

# %% [markdown] lang="en"
# With kernel 3 and stride 2 neighbouring pixels are written into 1, 2 or 4 times, and a chequerboard shows
# through. With kernel 4 all inner pixels are equal.

# %% [markdown] lang="ru"
# ## Чем плоха маленькая карта
#
# Прежде чем учить сеть, спросим, чего можно ждать от карты с шагом 32 в лучшем случае. Возьмём истину и
# оставим по одному классу на клетку, самый частый в ней, а потом размножим пиксели. Никакой ответ,
# постоянный на клетках, не угадает больше пикселей.
#
# Качество измерим отдельно **в полосе у границ**: среди размеченных пикселей не дальше $w$ от каймы или от
# другого класса. Сама кайма 255 лежит на границе и не считается.
#
# **Предскажите:** где огрублённая истина потеряет больше, в полосе шириной 1 или на всём изображении? Чему
# равна мера Жаккара при клетках $32 \times 32$, если объекты здесь размером в 1–2 клетки?

# %% [markdown] lang="en"
# ## What is wrong with a small map
#
# Before training a network, ask what a map of stride 32 can give at best. Take the ground truth and leave one
# class a cell, the commonest in it, then replicate the pixels. No answer that is constant on the cells gets
# more pixels right.
#
# Measure quality separately **in a band along the borders**: over the labelled pixels that are no further
# than $w$ from the seam or from another class. The 255 seam itself lies on the border and is not counted.
#
# **Predict:** where does the coarse truth lose more, in a band 1 pixel wide or in the whole image? What is
# the Jaccard index for cells of $32 \times 32$ when objects here are 1 or 2 cells large?

# %%
WIDTHS = (1, 2, 4, 8, 16)
truths = [*(only_band(new.labels, w) for w in WIDTHS), new.labels]  # the last: all pixels


def by_width(labels, truths=truths, num_classes=K):
    counts = (confusion_counts(labels, truth, num_classes) for truth in truths)
    return [mean_jaccard(count).item() for count in counts]


bound, coarse = {}, {}
for stride in (4, 8, 16, 32):
    cells = commonest_labels(new.labels, stride, K)
    coarse[stride] = upsample_replicate(cells[:, None], stride)[:, 0]
    bound[stride] = by_width(coarse[stride])

# %%
assert all(values[0] < values[-1] for values in bound.values())  # worst at the border
assert bound[4][-1] > bound[8][-1] > bound[16][-1] > bound[32][-1]
if built_in:
    assert bound[4][-1] > 0.9
    assert bound[8][-1] > 0.8 > 0.7 > bound[8][0]
    assert bound[32][-1] < 0.5

# %%
axes = figures.panels(4, height=2.5)
figures.show_band(axes[0], new.labels[3], border_band(new.labels, 4)[3], 4)
for ax, stride in zip(axes[1:], (8, 16, 32)):
    figures.show_cells(ax, coarse[stride][3], stride)
figures.show()

# %%
(ax,) = figures.panels(1, height=2.9)
figures.cell_bound_curves(ax, WIDTHS, bound)
figures.show()

# %% [markdown] lang="ru"
# С клетками $32 \times 32$ даже огрублённая истина получает меньше $0{,}5$; с клетками $8 \times 8$ — больше
# $0{,}8$ на всём изображении, но меньше $0{,}7$ у самой границы. Теряется именно граница: внутри объекта
# клетка чистая, а на границе одну клетку делят два класса.
#
# Два замечания. FCN не постоянна на клетках: билинейная интерполяция проводит границу и внутри клетки, так
# что это ориентир, а не строгий предел для неё. И всё зависит от размера объектов: на VOC при изображениях
# около 500 пикселей объект занимает много клеток, и потеря там гораздо меньше.

# %% [markdown] lang="en"
# With cells of $32 \times 32$ even the coarse truth gets less than 0.5; with cells of $8 \times 8$ more than
# 0.8 over the whole image, but less than 0.7 right at the border. It is the border that is lost: inside an
# object a cell is pure, while at the border two classes share one.
#
# Two remarks. An FCN is not constant on cells: bilinear interpolation draws a border inside a cell as well,
# so this is a landmark and not a strict bound for it. And all depends on the size of objects: in VOC, with
# images of about 500 pixels, an object covers many cells, and much less is lost.

# %% [markdown] lang="ru"
# ## FCN-32s, 16s и 8s на одних изображениях
#
# Обучим все три сети. Предобученная сеть заморожена, поэтому её карты считаются один раз; учатся свёртки
# $1 \times 1$ и повышение разрешения вдвое. FCN-16s начинает с весов обученной FCN-32s, а её новая свёртка
# $1 \times 1$ — с нулей, поэтому вначале её ответы **в точности те же**. Так же FCN-8s начинает с FCN-16s.
#
# FCN-8s обучалась в три раза дольше, чем FCN-32s. Может быть, дело в этом? Проверим: доучим FCN-32s столько
# же шагов, сколько заняла вся цепочка. Каждый запуск берёт свои 160 изображений из 200.
#
# **Предскажите:** на сколько вырастет мера Жаккара от 32s к 16s и от 16s к 8s? Догонит ли их долго
# обучаемая FCN-32s?

# %% [markdown] lang="en"
# ## FCN-32s, 16s and 8s on the same images
#
# Train all three networks. The pretrained network is frozen, so its maps are computed once; what learns is
# the $1 \times 1$ convolutions and the upsampling by two. FCN-16s starts from the weights of the trained
# FCN-32s, and its new $1 \times 1$ convolution from zeros, so that at first its answers are **exactly the
# same**. In the same way FCN-8s starts from FCN-16s.
#
# FCN-8s was trained three times as long as FCN-32s. Is that the reason? Check: train FCN-32s on for as many
# steps as the whole chain took. Each run takes its own 160 images out of 200.
#
# **Predict:** how much does the Jaccard index grow from 32s to 16s and from 16s to 8s? Will FCN-32s,
# trained for long, catch up?

# %%
node_of = {s: node for s, (node, _channels) in pretrained.maps.items()}
channels = {s: number for s, (_node, number) in pretrained.maps.items()}
backbone = FrozenMaps(FeatureMaps(pretrained.model, node_of)).to(device)


def learn(network, seed):
    draw = torch.Generator().manual_seed(seed)
    own = torch.randperm(len(train.images), generator=draw)[:160]
    images, labels = train.images[own].to(device), train.labels[own].to(device)
    options = {"steps": 100, "batch": 4, "learning_rate": 0.05}
    return fit_scenes(network, images, labels, seed=seed, **options)


@torch.no_grad()
def scores_of(network, images=new.images):
    return torch.cat([network(some.to(device)).cpu() for some in images.split(20)])


# %%
def chain(seed):
    networks = {32: learn(FCN(backbone, channels, K, stride=32), seed)}
    for stride in (16, 8):
        finer = FCN(backbone, channels, K, stride=stride).to(device)
        finer.start_from(networks[2 * stride])
        before, after = (scores_of(n, new.images[:4]) for n in (networks[2 * stride], finer))
        assert torch.allclose(before, after, rtol=0, atol=1e-6)  # equal at the start
        networks[stride] = learn(finer, seed)
    networks["long"] = FCN(backbone, channels, K, stride=32).start_from(networks[32])
    for _more in range(2):
        learn(networks["long"], seed)
    return networks


# %%
answers = {key: [] for key in (32, "long", 16, 8, "coarse")}
for seed in range(3):
    for key, network in chain(seed).items():
        logits = scores_of(network)
        answers[key].append(logits.argmax(dim=1))
        if key == 8:  # the same scores on the grid of 32s: averaged over cells, interpolated
            cells = F.avg_pool2d(logits, 32)
            again = F.interpolate(cells, scale_factor=32, mode="bilinear")
            answers["coarse"].append(again.argmax(dim=1))

# %%
jaccards = {key: np.array([by_width(one) for one in runs]) for key, runs in answers.items()}
whole = {key: values[:, -1] for key, values in jaccards.items()}
if built_in:
    assert whole[16].min() > whole["long"].max() + 0.1 > whole[32].max() + 0.1
    assert whole[8].min() > whole[16].max() + 0.02
    assert whole["coarse"].mean() < whole["long"].mean()
(ax,) = figures.panels(1, height=2.7)
figures.fcn_bars(ax, whole)
figures.show()

# %% [markdown] lang="ru"
# Столбцы — средние по трём запускам, точки — сами запуски, отрезки — одно стандартное отклонение. Долгое
# обучение помогает FCN-32s немного, но до FCN-16s ей далеко: **дело в подробных картах, а не в числе шагов**.
#
# Последний столбец проверяет это с другой стороны. Логиты обученной FCN-8s усреднены по клеткам
# $32 \times 32$ и снова увеличены: знания те же, а сетка грубая. Весь выигрыш пропал, осталось меньше, чем
# у долго обучавшейся FCN-32s.
#
# Посмотрим на ответы.

# %% [markdown] lang="en"
# Bars are means over three runs, dots the runs themselves, whiskers one standard deviation. Long training
# helps FCN-32s a little, but it stays far from FCN-16s: **it is the finer maps, not the number of steps**.
#
# The last bar checks this from the other side. The logits of the trained FCN-8s are averaged over cells of
# $32 \times 32$ and enlarged again: the same knowledge on a coarse grid. The whole gain is gone, and less
# is left than FCN-32s has after its long training.
#
# Look at the answers.

# %%
three = (32, 16, 8)
axes = figures.panels(5, height=1.7)
figures.show_image(axes[0], new.images[3])
for ax, key in zip(axes[1:4], three):
    figures.show_fcn_answer(ax, answers[key][0][3], key)
figures.show_fcn_answer(axes[4], new.labels[3], "truth")
figures.show()

# %% [markdown] lang="ru"
# ## Грубая граница как число
#
# Теперь измерим то же в полосе у границ. Слева меру Жаккара считаем по всем классам, справа — только «объект
# или фон»: там путаница классов не мешает и видна одна граница.
#
# **Предскажите:** исчезнет ли у FCN-8s разница между полосой шириной 1 и всем изображением?

# %% [markdown] lang="en"
# ## The coarse border as a number
#
# Now measure the same in the band along the borders. On the left the Jaccard index is over all classes, on
# the right only "object or background": there the confusion of classes does not interfere and the border
# alone is seen.
#
# **Predict:** will FCN-8s show no difference between a band 1 pixel wide and the whole image?

# %%
objects = [torch.where(truth == VOID, VOID, (truth > 0).byte()) for truth in truths]
found = {
    key: np.array([by_width((one > 0).byte(), objects, 2) for one in answers[key]])
    for key in three
}
if built_in:
    assert all((values[:, 0] < values[:, -1] - 0.05).all() for values in jaccards.values())
    assert found[8][:, -1].min() > 0.85
    assert found[8][:, 0].max() < 0.8
    assert found[32][:, 0].max() < 0.5

# %%
left, right = figures.panels(2, height=3.1)
figures.band_curves(left, WIDTHS, {key: jaccards[key] for key in three})
figures.band_curves(right, WIDTHS, {key: found[key] for key in three}, of="object")
figures.show()

# %% [markdown] lang="ru"
# Чем уже полоса, тем хуже, и так у всех трёх сетей. FCN-8s отличает объект от фона уверенно (больше $0{,}85$
# по всему изображению), но вплотную к кайме у неё меньше $0{,}8$, а у FCN-32s меньше $0{,}5$. Мера Жаккара по
# всему изображению эту разницу прячет: пикселей у границы мало.
#
# Выберите сеть, изображение и ширину полосы. Вне полосы всё бледно; справа ошибки внутри полосы.

# %% [markdown] lang="en"
# The narrower the band, the worse, and so for all three networks. FCN-8s tells object from background well
# (above 0.85 over the whole image), but right beside the seam it has less than 0.8, and FCN-32s less
# than 0.5. The Jaccard index over the whole image hides the difference: there are few pixels at the border.
#
# Choose the network, the image and the width of the band. Outside the band all is pale; on the right are the
# mistakes inside it.

# %%
some = {key: answers[key][0][:12] for key in three}
figures.band_figure(new.images[:12], new.labels[:12], some, K)

# %% [markdown] lang="ru"
# Вот что опубликовано для настоящих изображений: подмножество проверочной выборки VOC 2011, сети на основе
# VGG16, обучались все слои.

# %% [markdown] lang="en"
# Here is what was published for real images: a subset of the validation set of VOC 2011, networks made of
# VGG16 and trained through all layers.

# %%
published = {stride: row.mean_jaccard for stride, row in FCN_PUBLISHED.items()}
assert round(published[16] - published[32], 1) == 3.0
assert round(published[8] - published[16], 1) == 0.3
figures.published_fcn_table(FCN_PUBLISHED)

# %% [markdown] lang="ru"
# Порядок тот же, а разрывы другие: на VOC выигрыш составил 3 пункта и ещё $0{,}3$, у нас он в несколько раз
# больше. Причина в размере объектов: на наших изображениях объект занимает 1–2 клетки последней карты, и
# FCN-32s теряет не только границу, но и сам объект. К тому же наша предобученная сеть заморожена, а карта с
# шагом 8 видит здесь почти целый объект и помогает различать классы. Поэтому сравнивать нужно не числа между
# собой, а то, как они устроены: всё решают карты с мелким шагом.

# %% [markdown] lang="en"
# The order is the same, the gaps are not: on VOC the gain was 3 points and another 0.3, ours is several times
# larger. The reason is the size of objects: in our images an object covers 1 or 2 cells of the last map, and
# FCN-32s loses not only the border but the object itself. Besides, our pretrained network is frozen, and its
# map of stride 8 sees nearly a whole object here and helps to tell classes apart. So it is not the numbers
# that should be compared but the way they come about: the maps of fine stride decide.

# %% [markdown] lang="ru"
# ## Меньше пулингов — меньше поле восприятия
#
# Если беда в маленькой последней карте, почему просто не делать меньше пулингов? Уберём их с конца и
# посчитаем, что станет с **полем восприятия**: областью изображения, от которой зависит одна позиция
# последней карты.
#
# **Предскажите:** во сколько раз изменится сторона карты VGG16 и её поле восприятия, если из пяти пулингов
# оставить два?

# %% [markdown] lang="en"
# ## Fewer poolings, a smaller receptive field
#
# If the trouble is the small last map, why not simply have fewer poolings? Drop them from the end and compute
# what becomes of the **receptive field**: the part of the image that one position of the last map depends on.
#
# **Predict:** by what factors do the side of VGG16's map and its receptive field change if two poolings out
# of five are left?

# %%
def geometry(features, left):
    """Stride, receptive field and map of a 224 x 224 image with only the first poolings."""
    layers, poolings = [], 0
    for layer in features.modules():
        poolings += isinstance(layer, nn.MaxPool2d)
        dropped = isinstance(layer, nn.MaxPool2d) and poolings > left
        if not dropped and not list(layer.children()):
            layers.append(layer)
    maps = nn.Sequential(*layers)(torch.empty(1, 3, 224, 224, device="meta"))
    field = receptive_field(layers)
    return field.stride[0], field.size[0], maps.shape[-1]


# %%
with torch.device("meta"):  # sizes without numbers: nothing is computed
    networks = {"VGG16": models.vgg16(), "AlexNet": models.alexnet(), "SmallNet": SmallNet(6)}
rows = []
for name, network in networks.items():
    features = network.eval().features
    every = sum(isinstance(layer, nn.MaxPool2d) for layer in features.modules())
    rows += [(name, left, *geometry(features, left)) for left in range(every, 0, -1)]
fields = {(name, left): field for name, left, _stride, field, _side in rows}
assert [fields["VGG16", left] for left in (5, 4, 2)] == [212, 196, 88]
assert [fields["AlexNet", left] for left in (3, 2)] == [195, 163]
assert fields["SmallNet", 4] == 166
figures.poolings_table(rows)

# %%
vgg = [row for row in rows if row[0] == "VGG16"][::-1]
_names, left, _strides, sees, units = zip(*vgg)
assert (units[1], units[4]) == (56, 7)
(ax,) = figures.panels(1, height=2.7)
figures.field_and_map_curves(ax, left, sees, units)
figures.show()

# %% [markdown] lang="ru"
# С двумя пулингами карта VGG16 стала в 8 раз шире ($56$ вместо $7$), а поле восприятия сжалось с 212 пикселей
# до 88. Пулинг удваивает шаг, и каждая свёртка **после** него видит вдвое дальше. (У полносвязной части VGG16
# поле ещё больше, 404 пикселя: её первая свёртка $7 \times 7$ стоит поверх пятого пулинга.) А ещё карта в 64
# раза большей площади требует в 64 раза больше вычислений в каждом следующем слое.
#
# Подвигайте ползунки: жёлтая рамка — поле восприятия одной позиции, красный квадрат — пиксели, за которые эта
# позиция отвечает, сетка — вся карта.

# %% [markdown] lang="en"
# With two poolings VGG16's map is 8 times wider (56 instead of 7), and the receptive field has shrunk from
# 212 pixels to 88. A pooling doubles the stride, and every convolution **after** it sees twice as far. (The
# dense part of VGG16 sees even more, 404 pixels: its first $7 \times 7$ convolution stands on the fifth
# pooling.) And a map of 64 times the area needs 64 times the computing in every layer after it.
#
# Move the sliders: the yellow frame is the receptive field of one position, the red square the pixels that
# this position answers for, the grid the whole map.

# %%
vgg_layers = [*networks["VGG16"].features, nn.Conv2d(512, 4096, 7, device="meta")]
assert receptive_field(vgg_layers).size == (404, 404)
figures.poolings_figure(new.images[0, :, :128, :128])

# %% [markdown] lang="ru"
# ## Чего стоит маленькое поле
#
# Проверим размен на данных. Возьмём пять сетей из пяти свёрток $3 \times 3$; они отличаются только числом
# пулингов, а весов у них поровну. Задача нарочно такая, что без взгляда на весь объект её не решить: в каждом
# пикселе ответить **«фон», «мелкий объект» или «крупный»**. Пиксель в середине крупного объекта должен
# увидеть его край. (Объекты средней площади не считаются ни мелкими, ни крупными и размечены 255.)
#
# Измерим три величины на новых изображениях: найдена ли граница объекта (мера Жаккара «объект или фон» в
# полосе шириной 1 пиксель), угадан ли размер (какой из двух логитов больше на пикселях объектов; угадывание
# наобум даёт $0{,}5$) и то и другое вместе.
#
# **Предскажите:** как три кривые зависят от числа пулингов?

# %% [markdown] lang="en"
# ## What a small field costs
#
# Check the trade on data. Take five networks of five $3 \times 3$ convolutions; they differ in the number
# of poolings only, and have equally many weights. The task is made so that it cannot be done without a view
# of the whole object: in each pixel answer **"background", "small object" or "large object"**. A pixel in
# the middle of a large object has to see its edge. (Objects of middling area are neither small nor large
# and are labelled 255.)
#
# Measure three things on new images: is the border of the object found (the Jaccard index of "object or
# background" in a band of 1 pixel), is the size right (which of the two logits is larger on pixels of
# objects; guessing gives 0.5), and both together.
#
# **Predict:** how do the three curves depend on the number of poolings?

# %%
limits = size_limits(train.objects)
y_train, y = (size_labels(scenes.objects, limits) for scenes in (train, new))
crop = (..., slice(side * 3 // 4), slice(side * 3 // 4))  # a part of each image: faster
x_train, y_train = train.images[crop].to(device), y_train[crop].to(device)

stacks = [pooled_network(3, poolings) for poolings in range(1, 6)]
sees = [receptive_field(network.features).size[0] for network in stacks]
assert sees == [20, 34, 54, 78, 94]
assert len({sum(w.numel() for w in network.parameters()) for network in stacks}) == 1


def share_right(logits):
    right = logits[:, 1:].argmax(dim=1) + 1 == y  # small or large, the background left out
    return torch.stack([right[y == k].double().mean() for k in (1, 2)]).mean().item()


# %%
measures = {"border": [], "size": [], "mean": []}
for poolings in range(1, 6):
    runs = []
    for seed in range(3):
        torch.manual_seed(seed)
        network, options = pooled_network(3, poolings), {"batch": 4, "learning_rate": 0.02}
        fit_scenes(network.to(device), x_train, y_train, seed=seed, steps=110, **options)
        runs.append(scores_of(network))
    labels = [logits.argmax(dim=1) for logits in runs]
    measures["border"].append([by_width((a > 0).byte(), objects[:1], 2)[0] for a in labels])
    measures["size"].append([share_right(logits) for logits in runs])
    measures["mean"].append([by_width(a, [y], 3)[0] for a in labels])

# %%
border, size, both = (np.mean(measures[key], axis=1) for key in measures)
if built_in:
    assert border[1] > border[2] > border[3] > border[4] + 0.05  # 2, 3, 4 and 5 poolings
    assert size[0] < 0.55
    assert size[3] > size[0] + 0.08
    assert both[2] > both[0] + 0.03
    assert both[2] > both[4] + 0.08
(ax,) = figures.panels(1, height=3.2)
figures.pooled_curves(ax, sees, measures)
figures.show()

# %% [markdown] lang="ru"
# Точки — средние по трём запускам, отрезки — одно стандартное отклонение. С каждым пулингом после второго
# граница становится хуже: карта всё грубее. А размер сеть с одним пулингом просто угадывает наобум: её поле в
# 20 пикселей меньше объекта; с четырьмя пулингами она отвечает верно заметно чаще. Задача целиком лучше всего
# решается посередине.
#
# Вот размен, в который упирается FCN: **большая карта или большое поле**. Следующие две лекции ищут, как
# получить и то и другое: U-Net возвращает разрешение в декодировщике, а раздутые свёртки расширяют поле, не
# уменьшая карту.

# %% [markdown] lang="en"
# Dots are means over three runs, whiskers one standard deviation. With each pooling after the second the
# border gets worse: the map gets coarser. As to the size, the network with one pooling is merely guessing,
# for its field of 20 pixels is smaller than an object; with four poolings it is right markedly more often.
# The task as a whole is done best in the middle.
#
# This is the trade that an FCN runs into: **a large map or a large field**. The next two lectures look for
# ways to have both: U-Net brings the resolution back in a decoder, and dilated convolutions widen the field
# without shrinking the map.

# %% [markdown] lang="ru"
# ## На VOC 2012
#
# Те же ячейки работают на настоящих изображениях. По изображению там проводят AlexNet с окном 224 пикселя,
# FCN строится на ResNet-18 с весами ImageNet, изображения берутся размером 256. Нейроны последней карты
# ResNet-18 смещены на полшага, и это смещение должно выучить повышение разрешения. Утверждения о качестве
# проверяются только на встроенных данных: на VOC 200 изображений мало, и числа будут другими.

# %% [markdown] lang="en"
# ## On VOC 2012
#
# The same cells work on real images. There AlexNet with a window of 224 pixels is slid over the image, the
# FCN is built on ResNet-18 with ImageNet weights, and images are 256 pixels large. The units of ResNet-18's
# last map stand half a step aside, and upsampling has to learn the shift. Claims about quality are checked
# on the built-in data only: 200 images of VOC are few, and the numbers will differ.

# %% [markdown] lang="ru"
# ## Проверьте себя
#
# <details><summary>1. У VGG16 первый полносвязный слой берёт карту 512 × 7 × 7 и выдаёт 4096 чисел. Какой
# свёрткой его заменить и сколько в ней весов?</summary>
#
# Свёрткой $7 \times 7$ из 512 каналов в 4096: $512 \cdot 7 \cdot 7 \cdot 4096 = 102\,760\,448$ весов и 4096
# сдвигов, ровно столько же, сколько было.
#
# </details>
#
# <details><summary>2. Почему FCN-16s в начале обучения отвечает в точности как FCN-32s?</summary>
#
# Новая свёртка $1 \times 1$ начинает с нулей, и прибавляется ноль; остальные веса взяты у FCN-32s. Точное
# равенство требует и одинаковых шагов увеличения: билинейно в 2 и потом в 16 раз — это не то же, что сразу
# в 32.
#
# </details>
#
# <details><summary>3. Билинейное повышение разрешения применили не к логитам, а к карте классов (номерам).
# Что получится?</summary>
#
# Бессмыслица: между классами 1 и 3 появится класс 2. Интерполировать можно логиты или вероятности, номера
# классов только размножать.
#
# </details>
#
# <details><summary>4. Мера Жаккара по всему изображению выросла с 0,90 до 0,91. Можно ли сказать, что
# границы стали лучше?</summary>
#
# Нельзя: у границы мало пикселей, и прирост мог случиться внутри объектов. Нужно мерить в полосе у границ,
# лучше при нескольких её ширинах.
#
# </details>
#
# <details><summary>5. Все пулинги убрали, а каждую свёртку 3 × 3 заменили на 11 × 11, чтобы вернуть поле
# восприятия. Чем это плохо?</summary>
#
# Весов в каждой свёртке станет в $121 / 9 \approx 13$ раз больше, а карты останутся полного размера:
# вычислений понадобится намного больше. Раздутая свёртка расширяет поле, не добавляя весов.
#
# </details>

# %% [markdown] lang="en"
# ## Check yourself
#
# <details><summary>1. VGG16's first dense layer takes a 512 × 7 × 7 map and gives 4096 numbers. Which
# convolution replaces it, and how many weights has it?</summary>
#
# A $7 \times 7$ convolution from 512 channels to 4096: $512 \cdot 7 \cdot 7 \cdot 4096 = 102\,760\,448$
# weights and 4096 biases, exactly as many as before.
#
# </details>
#
# <details><summary>2. Why does FCN-16s answer exactly as FCN-32s when its training begins?</summary>
#
# The new $1 \times 1$ convolution starts from zeros, so zero is added; the other weights are those of
# FCN-32s. Exact equality also needs equal steps of enlargement: bilinear by 2 and then by 16 is not the
# same as by 32 at once.
#
# </details>
#
# <details><summary>3. Bilinear upsampling was applied not to logits but to the label map (the numbers of
# classes). What comes out?</summary>
#
# Nonsense: between classes 1 and 3 class 2 appears. Logits or probabilities can be interpolated, numbers of
# classes can only be replicated.
#
# </details>
#
# <details><summary>4. The Jaccard index over the whole image rose from 0.90 to 0.91. Can one say that the
# borders got better?</summary>
#
# No: there are few pixels at the border, and the gain may have come from inside the objects. Measure in a
# band along the borders, best of several widths.
#
# </details>
#
# <details><summary>5. All poolings were dropped, and every 3 × 3 convolution was replaced by an 11 × 11 one
# to get the receptive field back. What is wrong with that?</summary>
#
# Each convolution has $121 / 9 \approx 13$ times as many weights, and the maps stay at full size: much more
# computing. A dilated convolution widens the field without adding weights.
#
# </details>

# %%
first_dense = networks["VGG16"].classifier[0]
assert first_dense.weight.numel() == 512 * 7 * 7 * 4096 == 102_760_448
assert round(121 / 9) == 13

# %% [markdown] lang="ru"
# ## Итоги
#
# - Полносвязный слой над картой $C \times h \times w$ — это свёртка $h \times w$ с теми же числами. Без
#   дополнения нулями свёрточная сеть даёт на каждом окне ответ классификатора, и намного дешевле; с
#   дополнением равенство нарушается у краёв окна.
# - Свёртка $1 \times 1$ в $K$ каналов — линейный классификатор в каждой позиции. Дальше логиты увеличивают:
#   размножением, билинейно или выученным ядром.
# - FCN-16s и 8s складывают логиты грубых и подробных карт. Выигрыш даёт мелкая сетка, а не долгое обучение.
# - Ошибки FCN собраны у границ. Мера Жаккара в полосе показывает их, по всему изображению прячет.
# - Меньше пулингов — больше карта, но меньше поле восприятия: сеть перестаёт видеть объект целиком.
#
# **Дальше:** лекция 07, U-Net; задание `fcn`, в котором всё это нужно написать самостоятельно.
#
# **Источники**
# - J. Long, E. Shelhamer, T. Darrell. Fully Convolutional Networks for Semantic Segmentation. CVPR 2015,
#   [arXiv:1411.4038](https://arxiv.org/abs/1411.4038).
# - E. Shelhamer, J. Long, T. Darrell. Fully Convolutional Networks for Semantic Segmentation. PAMI 2017,
#   [arXiv:1605.06211](https://arxiv.org/abs/1605.06211).
# - P. Sermanet, D. Eigen, X. Zhang, M. Mathieu, R. Fergus, Y. LeCun. OverFeat: Integrated Recognition,
#   Localization and Detection using Convolutional Networks. ICLR 2014,
#   [arXiv:1312.6229](https://arxiv.org/abs/1312.6229) (классификатор, проведённый по изображению как
#   свёртка).
# - P. Kohli, L. Ladický, P. H. S. Torr. Robust Higher Order Potentials for Enforcing Label Consistency.
#   *International Journal of Computer Vision* 82 (2009), 302–324 (ошибка в полосе у границ).
# - A. Odena, V. Dumoulin, C. Olah. Deconvolution and Checkerboard Artifacts. *Distill*, 2016,
#   [doi:10.23915/distill.00003](https://doi.org/10.23915/distill.00003).

# %% [markdown] lang="en"
# ## Summary
#
# - A dense layer over a $C \times h \times w$ map is an $h \times w$ convolution with the same numbers.
#   Without zero padding the convolutional network gives the classifier's answer on every window, much more
#   cheaply; with padding the equality breaks at the rims of windows.
# - A $1 \times 1$ convolution to $K$ channels is a linear classifier at every position. Then the logits are
#   enlarged: by replication, bilinearly or with a learnt kernel.
# - FCN-16s and 8s add up logits of coarse and fine maps. It is the fine grid that gains, not the long
#   training.
# - The mistakes of an FCN gather at the borders. The Jaccard index in a band shows them, over the whole
#   image it hides them.
# - Fewer poolings: a larger map but a smaller receptive field, and the network no longer sees the whole
#   object.
#
# **Next:** lecture 07, U-Net; the assignment `fcn`, where you write all of this yourself.
#
# **Papers**
# - J. Long, E. Shelhamer, T. Darrell. Fully Convolutional Networks for Semantic Segmentation. CVPR 2015,
#   [arXiv:1411.4038](https://arxiv.org/abs/1411.4038).
# - E. Shelhamer, J. Long, T. Darrell. Fully Convolutional Networks for Semantic Segmentation. PAMI 2017,
#   [arXiv:1605.06211](https://arxiv.org/abs/1605.06211).
# - P. Sermanet, D. Eigen, X. Zhang, M. Mathieu, R. Fergus, Y. LeCun. OverFeat: Integrated Recognition,
#   Localization and Detection using Convolutional Networks. ICLR 2014,
#   [arXiv:1312.6229](https://arxiv.org/abs/1312.6229) (a classifier slid over an image as a convolution).
# - P. Kohli, L. Ladický, P. H. S. Torr. Robust Higher Order Potentials for Enforcing Label Consistency.
#   *International Journal of Computer Vision* 82 (2009), 302–324 (the error in a band along the borders).
# - A. Odena, V. Dumoulin, C. Olah. Deconvolution and Checkerboard Artifacts. *Distill*, 2016,
#   [doi:10.23915/distill.00003](https://doi.org/10.23915/distill.00003).
