# %% [markdown] lang="ru"
# # Что находят свёрточные сети
#
# **После этой лекции вы сможете**
# - сказать, какие пиксели видит нейрон любого слоя, и проверить это опытом;
# - найти для каждого фильтра кусочки изображений с самым сильным откликом и измерить, насколько он
#   избирателен;
# - нарисовать «изображение класса» градиентным подъёмом, объяснить роль $\lambda$ и не поверить лишнему.
#
# **Что нужно знать:** свёртка, пулинг, ReLU, softmax; градиент по входу сети в PyTorch.
#
# **Сколько это займёт:** около часа вместе с вопросами для самопроверки.

# %% [markdown] lang="en"
# # What convolutional networks find
#
# **After this lecture you will be able to**
# - say which pixels a unit of any layer sees, and test it by experiment;
# - find the patches that excite each filter most, and measure how selective the filter is;
# - draw the "picture of a class" by gradient ascent, explain the part of $\lambda$, and not believe too
#   much.
#
# **You need to know:** convolution, pooling, ReLU, softmax; the gradient with respect to a network's input in
# PyTorch.
#
# **Time:** about an hour, the self-check questions included.

# %%
import numpy as np
import torch
import torchvision
from torch import nn

from course_utils import figures, session
from course_utils.data.scenes import load_scenes
from course_utils.figures.names import shown
from course_utils.reference.class_pictures import Normalized, maximize_class
from course_utils.reference.dream import dream
from course_utils.reference.named_layers import activation
from course_utils.reference.patches import cut_patches, top_patches
from course_utils.reference.pretrained import load_pretrained
from course_utils.reference.receptive_field import receptive_fields, unit_box
from course_utils.reference.selectivity import agreement, chance_agreement, classes_in_the_middle

built_in, device = session.current().data == "shapes", session.current().device
network = load_pretrained(session.current().data)
model, layers = network.model.to(device), network.layers
scenes = load_scenes("train", 200, size=max(128, network.size), data=session.current().data)
images, labels = scenes.images, scenes.labels
batches = images.split(50)
if built_in:
    torch.set_num_threads(1)  # so small a network is faster on one

# %% [markdown] lang="ru"
# На встроенных данных мы изучаем маленькую сеть курса: пять свёрточных слоёв, как у AlexNet, и шесть
# классов нарисованных фигур. На VOC 2012 те же ячейки берут AlexNet с весами ImageNet и фотографии. Числа в
# тексте относятся к встроенным данным.

# %% [markdown] lang="en"
# On the built-in data we study the course's small network: five convolutional layers, as in AlexNet, and six
# classes of drawn shapes. On VOC 2012 the same cells take AlexNet with ImageNet weights, and photographs. The
# numbers in the text are those of the built-in data.

# %% [markdown] lang="ru"
# ## Что видит один нейрон
#
# Нейрон карты признаков зависит не от всего изображения, а от своего **окна**: поля восприятия. Для слоёв,
# стоящих друг на друге, размер окна, шаг и первый пиксель считаются так:
#
# $$r = r_1 + (r_2 - 1)\, s_1, \qquad s = s_1 s_2, \qquad e = e_1 + e_2\, s_1$$
#
# Нейрон с номером $i$ видит пиксели от $s\,i + e$, всего $r$ штук.
#
# **Предскажите:** в AlexNet первая свёртка $11 \times 11$. Каково окно пятого свёрточного слоя, если все
# следующие ядра не больше $5 \times 5$? И нужны ли для ответа веса?

# %% [markdown] lang="en"
# ## What one unit sees
#
# A unit of a feature map depends not on the whole image but on its **window**, the receptive field. For
# layers on top of one another, the window's size, the stride and the first pixel are
#
# $$r = r_1 + (r_2 - 1)\, s_1, \qquad s = s_1 s_2, \qquad e = e_1 + e_2\, s_1$$
#
# Unit $i$ sees the pixels from $s\,i + e$ on, $r$ of them.
#
# **Predict:** AlexNet's first convolution is $11 \times 11$. What is the window of the fifth convolutional
# layer, if no later kernel is larger than $5 \times 5$? And does the answer need any weights?

# %%
with torch.device("meta"):  # an AlexNet without a single number in it: only sizes
    alexnet = torchvision.models.alexnet()
fields = receptive_fields(alexnet, "features.10")
theirs = [fields[f"features.{number}"] for number in (0, 3, 6, 8, 10)]  # conv1 .. conv5
measured = [(g.size[0], g.stride[0], g.edge[0]) for g in theirs]
assert measured == [(11, 4, -2), (51, 8, -18), (99, 16, -34), (131, 16, -50), (163, 16, -66)]

fields = receptive_fields(model, layers[-1])
ours = [fields[layer] for layer in layers]
figures.field_table(ours, theirs, [network.name, "AlexNet"])

# %% [markdown] lang="ru"
# Окно пятого слоя AlexNet — 163 пикселя из 224. Веса не понадобились: геометрию задают ядра, шаги и
# дополнение нулями. Отрицательный номер первого пикселя значит, что окно крайнего нейрона выходит за край
# изображения; там он видит нули.
#
# Окно говорит, какие пиксели *могут* повлиять на нейрон. А какие влияют на деле? Возьмём производную отклика
# нейрона по каждому пикселю и усредним её модуль по изображениям и фильтрам.
#
# **Предскажите:** будет ли влияние внутри окна равномерным?

# %% [markdown] lang="en"
# The window of AlexNet's fifth layer is 163 pixels of 224. No weights were needed: kernels, strides and zero
# padding set the geometry. A negative first pixel means that the window of the outermost unit reaches past
# the edge of the image, where it sees zeros.
#
# The window says which pixels *can* move a unit. Which ones do? Take the derivative of a unit's response with
# respect to every pixel and average its absolute value over images and filters.
#
# **Predict:** will the influence be even inside the window?

# %%
side = images.shape[-1]
units = [round((side / 2 - g.edge[0] - g.size[0] / 2) / g.stride[0]) for g in ours]  # the middle
windows = [
    unit_box(g, i, i, (side, side)).unclipped for g, i in zip(ours, units, strict=True)
]
x = images[:30].to(device).requires_grad_()
unit = activation(model, layers[3], x)[:, :, units[3], units[3]]
influence = torch.autograd.grad(unit.sum(), x)[0].abs().mean(dim=(0, 1)).cpu()  # (H, W)

top, left, bottom, right = windows[3]
inside = influence[top:bottom, left:right]
quarter = len(inside) // 4
middle = inside[quarter:-quarter, quarter:-quarter].sum() / influence.sum()

# %%
assert torch.isclose(inside.sum(), influence.sum())  # nothing comes from outside the window
assert middle > 0.4 or not built_in  # evenly spread it would be a quarter
one, other = figures.panels(2, height=2.4)
figures.nested_windows(one, images[1], windows)
figures.influence_map(other, influence, windows[3])
figures.show()

# %% [markdown] lang="ru"
# Слева окна пяти нейронов, ближайших к середине изображения; у пятого слоя окно больше самого изображения.
# Справа влияние пикселей на нейрон четвёртого слоя. Вне окна оно в точности равно нулю. Внутри оно
# неравномерно: средняя четверть площади окна получает больше 40 % влияния. К середине ведёт больше путей
# через сеть, чем к краю, поэтому *эффективное* поле восприятия меньше теоретического.

# %% [markdown] lang="en"
# On the left are the windows of the five units nearest to the middle of the image; the fifth layer's is
# larger than the image itself. On the right is the influence of pixels on a unit of layer 4. Outside the
# window it is exactly zero. Inside it is uneven: the middle quarter of the window's area gets more than 40%
# of the influence. More paths through the network lead to the middle than to the rim, so the *effective*
# receptive field is smaller than the theoretical one.

# %% [markdown] lang="ru"
# ## Закроем окно
#
# Производная говорит о малых изменениях. Сделаем большое: для каждого фильтра третьего слоя возьмём
# изображение с самым сильным откликом и закроем серым сначала всё, кроме окна, потом само окно.
#
# **Предскажите:** насколько изменится отклик в первом случае? Упадёт ли он до нуля во втором?

# %% [markdown] lang="en"
# ## Cover the window
#
# A derivative speaks of small changes. Make a large one: for each filter of layer 3 take the image with
# its strongest response and cover with grey, first everything but the window, then the window itself.
#
# **Predict:** how much does the response change in the first case? Does it drop to zero in the second?

# %%
found = top_patches(model, batches, layers[2], count=1)
best = [(f, patches[0]) for f, patches in enumerate(found) if patches][:64]
whole = images[[patch.image for _f, patch in best]]
window = torch.zeros(len(best), 1, side, side, dtype=torch.bool)
for mask, (_f, patch) in zip(window, best, strict=True):
    mask[:, patch.window.top : patch.window.bottom, patch.window.left : patch.window.right] = True


@torch.no_grad()
def responses(shown_images):
    maps = activation(model, layers[2], shown_images.to(device)).cpu()
    return torch.stack([maps[n, f, *patch.unit] for n, (f, patch) in enumerate(best)])


# %%
grey = torch.full_like(whole, 0.5)
before, nothing = responses(whole), responses(grey)
elsewhere = responses(whole.where(window, 0.5))
covered = responses(whole.where(~window, 0.5))
if device.type == "cpu":  # a GPU may choose algorithms that round differently
    assert torch.equal(elsewhere, before)
    assert torch.equal(covered, nothing)
assert torch.allclose(elsewhere, before, rtol=1e-4)
assert (covered / before).mean() < 0.05 or not built_in

# %%
n = next(n for n, (_f, patch) in enumerate(best) if not any(patch.clipped))
one, other = figures.panels(2, height=2.5, widths=(2.2, 1))
variants = [whole[n], whole[n].where(window[n], 0.5), whole[n].where(~window[n], 0.5)]
figures.covered_sheet(one, variants)
figures.covering_dots(other, {"elsewhere": elsewhere / before, "window": covered / before})
figures.show()

# %% [markdown] lang="ru"
# Справа каждая точка — фильтр. Если закрыть всё, кроме окна, отклик не меняется ни в одном знаке. Если
# закрыть окно, отклик становится в точности таким, как на сплошном сером изображении: остального нейрон не
# видит. В среднем остаётся меньше 5 %, но не всегда ноль: немного откликаться фильтр может и на сплошной
# серый цвет.

# %% [markdown] lang="en"
# On the right every dot is a filter. With everything but the window covered, the response does not change
# in a single digit. With the window covered, the response is exactly that to a plain grey image: the unit
# does not see the rest. On average less than 5% is left, but not always zero: a filter may respond a
# little to plain grey as well.

# %% [markdown] lang="ru"
# ## Фильтры первого слоя
#
# Фильтр первого слоя сам похож на изображение: у него три канала, и его можно показать. Отклик — скалярное
# произведение фильтра и кусочка изображения. При заданной длине кусочка оно больше всего, когда кусочек
# пропорционален фильтру (неравенство Коши — Буняковского).
#
# **Предскажите:** будут ли кусочки с самым сильным откликом похожи на фильтр?

# %% [markdown] lang="en"
# ## Filters of the first layer
#
# A filter of the first layer is a small image itself: it has three channels and can be shown. Its response
# is the inner product of the filter and a patch. For a patch of given length this is largest when the
# patch is proportional to the filter (the Cauchy–Schwarz inequality).
#
# **Predict:** will the patches with the strongest response look like the filter?

# %%
strongest = {layer: top_patches(model, batches, layer, count=len(images)) for layer in layers}
first = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
filters = first.weight.detach().cpu()[:32]
pieces = [cut_patches(images, found[:9], fill=0.5) for found in strongest[layers[0]][:32]]
kept = [f for f, found in enumerate(pieces) if found]  # a dead filter has no patches
filters, average = filters[kept], torch.stack([torch.stack(pieces[f]).mean(0) for f in kept])
likeness = torch.corrcoef(torch.cat([filters.flatten(1), average.flatten(1)]))
likeness = likeness[: len(kept), len(kept) :]  # of filter i to the patches of filter j
own, foreign = likeness.diagonal().mean(), likeness[~torch.eye(len(kept), dtype=bool)].mean()
assert own > foreign + 0.3 or not built_in

# %%
one, other = figures.panels(2, height=2.2)
figures.filter_sheet(one, filters)
figures.mean_patch_sheet(other, average)
figures.show()

# %% [markdown] lang="ru"
# Слева фильтры, справа на тех же местах средние по девяти кусочкам с самым сильным откликом. Корреляция
# фильтра со своими кусочками в среднем выше, чем с чужими, больше чем на 0,3. Первый слой нашей сети ищет
# пятна цвета и перепады яркости. Следующие слои так не показать: у их фильтров не три канала, а десятки.
# Остаются кусочки.

# %% [markdown] lang="en"
# On the left are the filters, on the right, in the same places, the means of the nine patches with the
# strongest response. On average a filter's correlation with its own patches is higher than with those of
# others by more than 0.3. The first layer of our network looks for blots of colour and steps of brightness.
# Later layers cannot be shown this way: their filters have not three channels but dozens. Patches are what
# remains.

# %% [markdown] lang="ru"
# ## Кусочки для слоёв с первого по пятый
#
# Пропустим через сеть 200 изображений и для каждого фильтра запомним, где отклик был самым сильным. Хранить
# все карты не нужно: после каждого пакета остаются только лучшие. Есть четыре ловушки:
# - окно у края нужно обрезать, иначе индексы уйдут за изображение;
# - от изображения берём один кусочек, иначе весь ряд займут соседние нейроны;
# - при равных откликах берём то, что встретилось раньше, чтобы ответ не зависел от случая;
# - у фильтра, который не откликнулся ни разу («мёртвого»), кусочков нет, и подставлять вместо них ничего не
#   надо.
#
# **Предскажите:** что будет искать второй слой, а что — четвёртый?

# %% [markdown] lang="en"
# ## Patches for layers one to five
#
# Run 200 images through the network and remember for each filter where its response was strongest. There is
# no need to keep all the maps: after each batch only the best remain. Four traps:
# - a window at the border must be clipped, or the indices leave the image;
# - take one patch an image, or neighbouring units fill the whole row;
# - of equal responses take the one seen earlier, so that the answer does not depend on chance;
# - a filter that never responded (a "dead" one) has no patches, and nothing should stand in for them.
#
# **Predict:** what will layer 2 look for, and what layer 4?

# %%
for number, ax in enumerate(figures.panels(5, height=1.9), start=1):
    figures.layer_sheet(ax, images, strongest[layers[number - 1]], number)
figures.show()

dead = {layer: sum(not found for found in strongest[layer]) for layer in layers}
assert not any(dead.values()) or not built_in

# %% [markdown] lang="ru"
# Строка — фильтр (его номер слева), самый сильный отклик в первом столбце. Фильтры не отобраны по красоте, а
# взяты через равные промежутки. Первый слой: цвет и край. Второй: полоски, клетки, углы. Третий и четвёртый:
# части и целые фигуры (кольца, лучи звезды, круги), какими бы ни были цвет и узор, — хотя есть и такие,
# которым важен как раз густой узор. В пятом слое окно больше изображения, и по кусочку трудно сказать, на что
# нейрон смотрит. Серое лежит за краем изображения. Мёртвых фильтров в этой сети не нашлось.
#
# Все остальные фильтры можно посмотреть здесь.

# %% [markdown] lang="en"
# A row is a filter (its number on the left), with the strongest response in the first column. The filters are
# not picked for beauty but taken at even intervals. Layer 1: colour and edge. Layer 2: stripes, checks,
# corners. Layers 3 and 4: parts and whole shapes (rings, rays of a star, discs), whatever their colour and
# pattern, though for some a dense pattern is just what matters. In layer 5 the window is larger than the
# image, and a patch hardly tells what the unit looks at. Grey lies outside the image. No dead filters were
# found in this network.
#
# All the other filters can be viewed here.

# %%
figures.patch_browser(images, [strongest[layer] for layer in layers])

# %% [markdown] lang="ru"
# Справа — самый сильный отклик фильтра в каждом из изображений. Девять лучших лежат на правом краю, и
# судить по ним обо всём распределении нельзя: фильтр откликается и на многое другое, только слабее.
#
# Зачем правило «один кусочек от изображения»? Сравним: девять лучших нейронов безо всякого правила.

# %% [markdown] lang="en"
# On the right is the filter's strongest response in each of the images. The nine best lie at the right end,
# and the whole distribution must not be judged by them: the filter responds to much else too, only less.
#
# Why the rule "one patch an image"? Compare with the nine best units without any rule.

# %%
with torch.no_grad():
    maps = torch.cat([activation(model, layers[1], b.to(device)).cpu() for b in batches])
by_filter = maps.transpose(0, 1).flatten(1)  # (filters, N * h * w)
images_of = by_filter.topk(9, dim=1).indices // maps[0, 0].numel()
without_rule = [len(set(row)) for row in images_of.tolist()]
with_rule = [len({patch.image for patch in found[:9]}) for found in strongest[layers[1]]]
assert set(with_rule) == {9} or not built_in
assert np.mean(without_rule) < 7 or not built_in
(ax,) = figures.panels(1, height=2.3)
figures.repeated_bars(ax, with_rule, without_rule)
figures.show()

# %% [markdown] lang="ru"
# Без правила в девятке в среднем меньше семи разных изображений: соседние нейроны смотрят почти на одно и
# то же, а один и тот же узор повторяется внутри изображения. С правилом их всегда девять, и видно, что у
# них общего.

# %% [markdown] lang="en"
# Without the rule there are on average fewer than seven different images among the nine: neighbouring units
# look at nearly the same thing, and a pattern repeats within an image. With the rule there are always nine,
# and one sees what they have in common.

# %% [markdown] lang="ru"
# ## Растёт ли избирательность
#
# «Глубокие слои находят объекты» — впечатление от отобранных изображений. Превратим его в число. У каждого
# кусочка возьмём класс пикселя в середине окна, если там объект, и посчитаем долю пар кусочков одного
# фильтра, в которых классы совпали. Если фильтру всё равно, какой это объект, совпадения будут случайными.
#
# Нужен и контроль: с глубиной растут окна, а не только знания. Поэтому сделаем то же с тремя сетями со
# случайными весами: геометрия у них та же.
#
# **Предскажите:** как пойдут обе кривые?

# %% [markdown] lang="en"
# ## Does selectivity grow
#
# "Deep layers find objects" is an impression from picked pictures. Turn it into a number. For each patch
# take the class of the pixel in the middle of its window, if an object is there, and count the share of
# pairs of patches of one filter whose classes agree. If the filter does not care which object it is, they
# agree by chance only.
#
# A control is needed: with depth the windows grow, not only the knowledge. So do the same with three
# networks with random weights: their geometry is the same.
#
# **Predict:** how will the two curves go?

# %%
def choosiness(patches_of_filters):
    nine = [found[:9] for found in patches_of_filters]
    return [agreement(classes_in_the_middle(found, labels)) for found in nine]


trained = [choosiness(strongest[layer]) for layer in layers]
random = []
for seed in range(3):
    torch.manual_seed(seed)
    untrained = network.fresh().to(device)
    by_layer = [choosiness(top_patches(untrained, batches, layer)) for layer in layers]
    random.append([np.nanmean(values) for values in by_layer])

# %%
means, chance = [np.nanmean(values) for values in trained], chance_agreement(labels)
if built_in:
    assert max(means[:2]) < chance + 0.15
    assert means[4] > 0.6
    assert np.max(random) < 0.4
(ax,) = figures.panels(1, height=2.6)
figures.agreement_curves(ax, trained, random, chance)
figures.show()

# %% [markdown] lang="ru"
# Отрезки — стандартная ошибка среднего по фильтрам. В первых двух слоях обученная сеть почти не отличается от
# случайной: цвет и край есть у любой фигуры. С третьего слоя совпадений всё больше, в пятом их доля выше 0,6.
# У случайных весов кривая так и остаётся вблизи уровня случайных пар (всюду меньше 0,4), хотя окна растут
# точно так же. Значит, дело в обучении.
#
# Чего опыт *не* показывает: что фильтр отвечает только на один класс. Мы смотрели на девять лучших
# кусочков, а не на все отклики. И пиксель в середине окна — грубая мера: фигура может стоять сбоку.

# %% [markdown] lang="en"
# The whiskers are the standard error of the mean over filters. In the first two layers the trained network
# hardly differs from a random one: any shape has colour and edges. From layer 3 on the classes agree more and
# more; in layer 5 the share is above 0.6. With random weights the curve stays near the level of random pairs
# (below 0.4 everywhere), though the windows grow just the same. So it is training that does it.
#
# What this does *not* show is that a filter answers to one class only. We looked at the nine best patches,
# not at all responses. And the pixel in the middle of the window is a crude measure: the shape may stand
# aside.

# %% [markdown] lang="ru"
# ## Максимизация вероятности класса
#
# До сих пор мы выбирали из готовых изображений. Теперь построим изображение сами: найдём $x$, на котором
# логит класса $y$ как можно больше, а само изображение не слишком велико:
#
# $$a_y(x) - \lambda \|x\|_2^2 \rightarrow \max_x$$
#
# Начинаем со случайного шума и делаем шаги *вверх* по градиенту. Веса сети при этом не меняются. Сначала
# проверим на линейной модели $a_y(x) = \langle w_y, x\rangle$: градиент $w_y - 2\lambda x$ равен нулю при
# $x = w_y / (2\lambda)$.
#
# **Предскажите:** что будет с ответом, если $\lambda$ уменьшить вдвое? А если взять $\lambda = 0$? А если
# пиксели измерять не от 0 до 1, а от 0 до 255?

# %% [markdown] lang="en"
# ## Class maximisation
#
# So far we chose among given images. Now build an image: find the $x$ on which the logit of class $y$ is as
# large as possible while the image itself is not too large:
#
# $$a_y(x) - \lambda \|x\|_2^2 \rightarrow \max_x$$
#
# We begin from random noise and step *up* the gradient. The network's weights do not change. First test it
# on a linear model $a_y(x) = \langle w_y, x\rangle$: the gradient $w_y - 2\lambda x$ is zero at $x = w_y /
# (2\lambda)$.
#
# **Predict:** what happens to the answer when $\lambda$ is halved? With $\lambda = 0$? When pixels are
# measured from 0 to 255 instead of 0 to 1?

# %%
torch.manual_seed(0)
linear = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 3, bias=False))
w = linear[1].weight.detach().reshape(3, 3, 8, 8)  # one image a class
climb = {"size": (3, 8, 8), "steps": 60, "optimizer": "ascent"}
for lambda_ in (0.25, 0.5):
    x = maximize_class(linear, range(3), lambda_=lambda_, step=0.5, **climb).pictures
    assert torch.allclose(x, w / (2 * lambda_), atol=1e-5)

in_bytes = Normalized(linear, mean=[0, 0, 0], std=[255, 255, 255])  # the same model, pixels to 255
x = maximize_class(in_bytes, range(3), lambda_=0.5, step=0.5, **climb).pictures
assert torch.allclose(x / 255, w / 255**2, atol=1e-6)  # 65,025 times paler than before

# %%
(ax,) = figures.panels(1, height=2.4)
figures.penalty_curves(ax, [0.25, 0.5, 1.0])
figures.show()

# %% [markdown] lang="ru"
# Для линейной модели изображение класса — это её веса, а $\lambda$ задаёт только длину: вдвое меньше
# $\lambda$, вдвое длиннее ответ. При $\lambda = 0$ максимума нет, логит растёт без конца. А в единицах от 0
# до 255 то же самое $\lambda$ даёт изображение в $255^2$ раз бледнее: **$\lambda$ без единиц пикселя ничего
# не значит**. Чтобы ответ не изменился, нужно $\lambda / 255^2$.
#
# Важно и то, где лежит ноль: к нему тянет штраф. Мы будем отсчитывать пиксели от серого, $-0{,}5$ — чёрное,
# $0{,}5$ — белое.

# %% [markdown] lang="en"
# For a linear model the picture of a class is its weights, and $\lambda$ only sets the length: half the
# $\lambda$, twice the answer. With $\lambda = 0$ there is no maximum, the logit grows without end. And in
# units from 0 to 255 the same $\lambda$ gives a picture $255^2$ times paler: **$\lambda$ means nothing
# without the units of a pixel**. To leave the answer as it was one needs $\lambda / 255^2$.
#
# It also matters where zero is, because the penalty pulls there. We shall count pixels from grey: $-0.5$ is
# black, $0.5$ is white.

# %% [markdown] lang="ru"
# ## Логит или вероятность
#
# Способ называют максимизацией *вероятности* класса, а в формуле стоит логит $a_y$. Почему? Производная
# вероятности
#
# $$\nabla p_y = p_y \Bigl(\nabla a_y - \sum_k p_k \nabla a_k\Bigr)$$
#
# **Предскажите:** чему она равна, когда $p_y$ почти 0? А когда почти 1?

# %% [markdown] lang="en"
# ## Logit or probability
#
# The method is called maximising the *probability* of a class, yet the formula has the logit $a_y$. Why?
# The derivative of the probability is
#
# $$\nabla p_y = p_y \Bigl(\nabla a_y - \sum_k p_k \nabla a_k\Bigr)$$
#
# **Predict:** what is it when $p_y$ is nearly 0? And when it is nearly 1?

# %%
about_grey = Normalized(model, mean=[-0.5] * 3, std=[1, 1, 1])  # x = 0 is grey; gets x + 0.5
wanted = ("bell pepper", "cup", "dalmatian", "dumbbell", "lemon", "Siberian husky")
classes = [k for k, name in enumerate(network.classes) if name in wanted] or list(range(6))
names = [shown(network.classes[k]) for k in classes]
size = (3, network.size, network.size)

# %%
of_logit, of_probability = [], []
x = 0.1 * torch.randn(1, *size, generator=torch.Generator().manual_seed(0)).to(device)
for _step in range(40):
    a = about_grey(x.requires_grad_())
    (slope,) = torch.autograd.grad(a[0, classes[0]], x, retain_graph=True)
    (slope_of_p,) = torch.autograd.grad(a.softmax(dim=1)[0, classes[0]], x)
    of_logit.append(slope.norm().item())
    of_probability.append(slope_of_p.norm().item())
    x = (x + 0.5 * slope).detach()

# %%
if built_in:
    assert of_logit[-1] > 0.1
    assert of_probability[-1] < 1e-6
(ax,) = figures.panels(1, height=2.4)
figures.gradient_curves(ax, of_logit, of_probability)
figures.show()

# %% [markdown] lang="ru"
# Как только сеть уверена, градиент вероятности исчезает: при $p_y = 1$ скобка равна нулю, и подъём встаёт
# (при $p_y$ около нуля его гасит множитель). Градиент логита жив. Есть и вторая причина: вероятность растёт и
# оттого, что падают *чужие* логиты, то есть вместо «звезды» может получиться «не круг». Поэтому поднимаем
# логит.

# %% [markdown] lang="en"
# As soon as the network is sure, the probability's gradient disappears: at $p_y = 1$ the bracket is zero,
# and the climb stands still (near $p_y = 0$ the factor kills it). The logit's gradient lives on. There is a
# second reason: the probability also grows when *other* logits fall, so the picture may become "not a disc"
# rather than "a star". So we climb the logit.

# %% [markdown] lang="ru"
# ## Без штрафа: уверенность на пустом месте
#
# Возьмём один и тот же шум и сделаем из него по очереди все шесть классов, без штрафа ($\lambda = 0$).
#
# **Предскажите:** сколько нужно шагов, чтобы сеть стала уверена больше чем на 99 %? Будет ли к этому
# времени на изображении что-нибудь видно?

# %% [markdown] lang="en"
# ## Without a penalty: certainty out of nothing
#
# Take one and the same noise and turn it into each of the six classes, without a penalty ($\lambda = 0$).
#
# **Predict:** how many steps does it take until the network is more than 99% sure? Will anything be visible
# in the picture by then?

# %%
noise = 0.3 * torch.randn(1, *size, generator=torch.Generator().manual_seed(1)).to(device)
x, probabilities = noise.expand(len(classes), *size), []
for _step in range(9):
    with torch.no_grad():
        probabilities.append(about_grey(x).softmax(1)[range(len(classes)), classes].cpu())
    fooled = x
    x = maximize_class(
        about_grey, classes, size, lambda_=0, steps=1, step=0.5, optimizer="ascent", start=x
    ).pictures
change = (fooled - noise).norm() / noise.expand_as(x).norm()
assert (probabilities[-1].min() > 0.99 and change < 0.25) or not built_in

# %%
few = [3, 5]  # of the classes: enough to look at
one, other = figures.panels(2, height=1.7, widths=(1, 1.1))
figures.noise_row(one, noise[0].cpu(), fooled[few].cpu(), [names[k] for k in few])
figures.confidence_curves(other, torch.stack(probabilities), names)
figures.show()

# %% [markdown] lang="ru"
# Восьми шагов хватило: один и тот же шум, изменённый меньше чем на четверть своей нормы, — это «наверняка
# круг», «наверняка звезда» и так далее, а глаз видит всё тот же шум. Уверенность сети вне её данных ни о чём
# не говорит. Поэтому высокая вероятность — *не* доказательство того, что изображение класса получилось.

# %% [markdown] lang="en"
# Eight steps were enough: one and the same noise, changed by less than a quarter of its norm, is "surely a
# disc", "surely a star" and so on, and the eye still sees the same noise. A network's confidence away from
# its data says nothing. So a high probability is *no* proof that the picture of a class has come out.

# %% [markdown] lang="ru"
# ## Что делает λ
#
# Теперь долгий подъём, по 100 шагов для пяти значений $\lambda$. Градиентный подъём ничего не помнит, кроме
# самого $x$, поэтому его можно прерывать и сохранять изображения по дороге.
#
# **Предскажите:** как связаны логит и норма $\|x\|_2$ изображения при росте $\lambda$?

# %% [markdown] lang="en"
# ## What λ does
#
# Now a long climb, 100 steps for each of five values of $\lambda$. Gradient ascent remembers nothing but
# $x$ itself, so it can be interrupted and pictures saved on the way.
#
# **Predict:** how do the logit and the norm $\|x\|_2$ of the picture go together as $\lambda$ grows?

# %%
def ascend(lambda_, marks=(5, 30, 100)):
    x, saved, logits = None, [], []
    options = {"lambda_": lambda_, "noise": 0.1, "step": 0.3, "optimizer": "ascent"}
    for steps in np.diff(marks, prepend=0).tolist():
        climb = maximize_class(about_grey, classes, size, steps=steps, start=x, **options)
        x = climb.pictures
        saved.append(x.cpu())
        logits += climb.logits[:-1].cpu().unbind()
    return saved, torch.stack([*logits, climb.logits[-1].cpu()])  # (steps + 1, classes)


# %%
climbs = {lambda_: ascend(lambda_) for lambda_ in (0.0, 0.01, 0.03, 0.1, 0.3)}
norms = torch.stack([saved[-1].flatten(1).norm(dim=1) for saved, _logits in climbs.values()])
reached = torch.stack([logits[-1] for _saved, logits in climbs.values()])  # (lambdas, classes)
with torch.no_grad():
    photographs = torch.cat([model(b.to(device)).cpu() for b in batches])[:, classes]
if built_in:
    assert (norms.diff(dim=0) < 0).all()
    assert (reached.mean(dim=1).diff() < 0).all()
    assert (reached[1] > photographs.amax(dim=0)).all()
    assert (climbs[0.0][0][-1].abs() > 0.5).float().mean() > 0.03

# %%
(ax,) = figures.panels(1, height=2.8)
figures.norm_curve(ax, norms, reached, list(climbs), names)
figures.show()

# %% [markdown] lang="ru"
# Больше $\lambda$ — меньше норма у всех шести классов и меньше логит в среднем по ним: меньшая норма
# покупается ценой логита. (У отдельного класса при малых $\lambda$ порядок может нарушиться: за 100 шагов
# подъём там не заканчивается.) Без него часть значений выходит за пределы от чёрного до белого (после 100
# шагов больше 3 %), и чем дольше подъём, тем больше: таких изображений просто не бывает. При
# $\lambda = 0{,}01$ логит каждого класса уже выше, чем на любом из 200 изображений набора: изображение класса
# — преувеличение, а не типичный пример.

# %% [markdown] lang="en"
# A larger $\lambda$ means a smaller norm for all six classes and a smaller logit on average: a smaller norm
# is paid for with the logit. (For a single class the order may break at small $\lambda$: there 100 steps do
# not finish the climb.) Without it some values leave the range from black to white (more than 3% after 100
# steps), and the more the longer one climbs: there are no such images. At $\lambda = 0.01$ the logit of each
# class is already higher than on any of the 200 images of the set: the picture of a class is an exaggeration,
# not a typical example.

# %%
pictures = {lambda_: [x[few] for x in saved] for lambda_, (saved, _logits) in climbs.items()}
logits = {lambda_: each.mean(dim=1).tolist() for lambda_, (_saved, each) in climbs.items()}
figures.climb_browser(pictures, [5, 30, 100], logits, [names[k] for k in few])

# %% [markdown] lang="ru"
# Без штрафа кривая и на сотом шаге всё растёт; чем больше $\lambda$, тем раньше она выходит на свой уровень
# (при $0{,}01$ ста шагов мало). При большом $\lambda$ изображение бледнеет, но если растянуть контраст, видны
# те же очертания. Значит, $\lambda$ отвечает за размах, а не за то, *что* нарисовано. На нашей маленькой сети
# очертания фигур видны и при $\lambda = 0$; сетям побольше для этого нужна помощь.

# %% [markdown] lang="en"
# Without a penalty the curve still grows at step 100; the larger $\lambda$, the sooner it levels off (at
# $0.01$ a hundred steps are too few). With a large $\lambda$ the picture pales, but with the contrast
# stretched the same outlines are there. So $\lambda$ is about the range, not about *what* is drawn. In our
# small network the outlines show even at $\lambda = 0$; larger networks need help for that.

# %% [markdown] lang="ru"
# ## Размытие, сдвиги и проверка случайными весами
#
# Штраф на норму не пускает в изображение большие значения, но мелкую рябь пропускает. Поэтому к штрафу
# добавляют знание о том, какими бывают изображения: время от времени слегка **размывают** $x$ и перед каждым
# градиентом **сдвигают** его на несколько пикселей, чтобы узор не привязывался к сетке.
#
# И контроль: то же самое для сети со случайными весами. Если бы очертания рисовал сам способ, они были бы и
# там.
#
# **Предскажите:** одинаковы ли изображения, полученные из разного шума?

# %% [markdown] lang="en"
# ## Blur, shifts, and a check with random weights
#
# A penalty on the norm keeps large values out of the image but lets fine ripple in. So one adds knowledge of
# what images are like to the penalty: now and then $x$ is **blurred** a little, and before each gradient it
# is **shifted** by a few pixels, so that the pattern does not cling to the grid.
#
# And the control: the same for a network with random weights. If the method itself drew the outlines, they
# would be there too.
#
# **Predict:** are pictures that began from different noise the same?

# %%
priors = {"lambda_": 0.03, "blur": 0.6, "jitter": network.size // 16}
climb = {"noise": 0.1, "steps": 100, "optimizer": "ascent"} | priors
runs = [
    maximize_class(about_grey, classes, size, step=0.5, seed=seed, **climb).pictures.cpu()
    for seed in range(3)
]
control = Normalized(untrained.eval(), mean=[-0.5] * 3, std=[1, 1, 1])
without_training = maximize_class(control, classes, size, step=20.0, **climb).pictures.cpu()

# %%
(ax,) = figures.panels(1, height=3.0)
ways = {"priors": runs[0], "again": runs[1], "random": without_training[:1]}
figures.class_rows(ax, ways, names)
figures.show()

# %%
flat = torch.stack(runs).flatten(2)  # (runs, classes, pixels)
flat = flat / flat.norm(dim=2, keepdim=True)
cosines = torch.einsum("rkp, skp -> krs", flat, flat)[:, [0, 0, 1], [1, 2, 2]]  # pairs of runs
with torch.no_grad():
    answers = [about_grey(x.to(device)).argmax(dim=1).tolist() for x in runs]
    moved = [about_grey(x.roll((5, -4), (2, 3)).to(device)).argmax(dim=1) for x in runs]
if built_in:
    assert cosines.abs().max() < 0.5
    assert all(answer == classes for answer in answers)
    assert all(answer.tolist() == classes for answer in moved)

# %% [markdown] lang="ru"
# Два верхних ряда выросли из разного шума. Контраст растянут. Круг, квадрат с торчащими углами, звезда с
# лучами и кольцо узнаются сразу, треугольник и крест — с трудом: сети хватает отдельных примет класса, в
# единую фигуру они складываются не всегда. Цвета пёстрые: в этом наборе цвет случаен и классов не различает.
# У сети со случайными весами (внизу, шаг взят больше, потому что её градиенты намного слабее) никаких
# очертаний нет, так что рисует их не способ, а обученная сеть.
#
# Запуски непохожи друг на друга: косинус угла между изображениями одного класса по модулю меньше 0,5, хотя
# класс сеть узнаёт в каждом, даже если сдвинуть его на несколько пикселей. Максимумов много, и «изображение
# класса» — один из ответов, а не портрет. Доверять стоит тому, что повторяется от запуска к запуску.

# %% [markdown] lang="en"
# The two upper rows grew from different noise. The contrast is stretched. The disc, the square with its
# corners pulled out, the star with its rays and the ring are recognised at once, the triangle and the cross
# with difficulty: single marks of the class are enough for the network, and they do not always join into one
# shape. The colours are jumbled: colour is random in this set and tells no classes apart. The network with
# random weights (bottom; the step is larger, since its gradients are far weaker) gives no outlines, so it is
# not the method that draws them but the trained network.
#
# The runs differ: the cosine of the angle between pictures of one class is below 0.5 in absolute value,
# though the network recognises the class in each, even when it is shifted by a few pixels. There are many
# maxima, and the "picture of a class" is one of the answers, not a portrait. Trust what repeats from run to
# run.

# %% [markdown] lang="ru"
# ## Сон сети
#
# Начать можно не с шума, а с изображения, и усиливать не класс, а всё, что находит какой-нибудь слой:
# увеличивать норму его карты признаков. Изображение меняется так, чтобы слой видел в нём больше того, что
# уже видит.
#
# Но норму, возможно, увеличит любое изменение. Контроль: перемешаем пиксели того, что добавил сон. Величина
# изменения останется той же, а узор пропадёт.
#
# **Предскажите:** что нарисует первый слой, а что четвёртый?

# %% [markdown] lang="en"
# ## What a network dreams
#
# One may begin not from noise but from an image, and strengthen not a class but all that some layer finds:
# increase the norm of its feature map. The image changes so that the layer sees more of what it sees
# already.
#
# But perhaps any change would increase the norm. The control: shuffle the pixels of what the dream added.
# The amount of change stays the same, and the pattern is gone.
#
# **Predict:** what will layer 1 draw, and what layer 4?

# %%
scene = images[3:4].to(device)
options = {"octaves": 3, "steps": 8, "step": 2 / 255, "jitter": 8}
dreams = {layer: dream(model, scene, layer, **options).pictures for layer in layers}
order = torch.randperm(side * side, generator=torch.Generator().manual_seed(0)).to(device)


@torch.no_grad()
def growth(layer, changed):
    before, after = (activation(model, layer, x).norm().item() for x in (scene, changed))
    return after / before


# %%
dreamt, shuffled = [], []
for layer, picture in dreams.items():
    added = (picture - scene).flatten(2)[:, :, order].reshape(scene.shape)
    dreamt.append(growth(layer, picture))
    shuffled.append(growth(layer, (scene + added).clamp(0, 1)))
if built_in:
    assert all(a > b for a, b in zip(dreamt, shuffled, strict=True))
    assert min(dreamt) > 1.3
(ax,) = figures.panels(1, height=2.2)
figures.growth_bars(ax, dreamt, shuffled)
figures.show()

# %%
figures.dream_browser(scene[0].cpu(), [picture[0].cpu() for picture in dreams.values()])

# %% [markdown] lang="ru"
# Сон возбуждает каждый слой больше чем в 1,3 раза сильнее, чем исходное изображение, а перемешанное изменение
# той же величины действует слабее: дело в узоре. Ранний слой усиливает цвет и контраст, средний обводит
# границы и дорисовывает дуги на пустом месте, поздний вплетает обрывки узоров по всему кадру. Зверей, как в
# знаменитых «снах», здесь быть не может: сеть видит во сне только то, чему её учили, а учили её фигурам, не
# собакам.

# %% [markdown] lang="en"
# Its dream excites every layer more than 1.3 times as much as the original image does; the shuffled change of
# the same size does less: it is the pattern that counts. An early layer strengthens colour and contrast, a
# middle one traces borders and adds arcs on empty ground, a late one weaves scraps of patterns into the whole
# frame. There cannot be any animals as in the famous "dreams": a network dreams only of what it was taught,
# and it was taught shapes, not dogs.

# %% [markdown] lang="ru"
# ## Проверьте себя
#
# <details><summary>1. Первая свёртка $3 \times 3$ с шагом 1, потом пулинг $2 \times 2$ с шагом 2, потом
# свёртка $3 \times 3$. Каково поле восприятия?</summary>
#
# После свёртки 3, после пулинга $3 + 1 = 4$ с шагом 2, после второй свёртки $4 + 2 \cdot 2 = 8$.
#
# </details>
#
# <details><summary>2. У девяти лучших кусочков фильтра один и тот же класс. Можно ли сказать, что фильтр —
# детектор этого класса?</summary>
#
# Нет. Это правый край распределения откликов. Нужно посмотреть, как часто фильтр молчит на этом классе и
# отвечает на другие.
#
# </details>
#
# <details><summary>3. Для пикселей от 0 до 255 взято $\lambda = 10^{-4}$. Что взять для пикселей
# от 0 до 1, чтобы задача осталась той же?</summary>
#
# $\|x\|^2$ уменьшится в $255^2$ раз, значит, $\lambda = 10^{-4} \cdot 255^2 \approx 6{,}5$.
#
# </details>
#
# <details><summary>4. Почему в режиме обучения (<code>train</code>) изображения классов зависят друг от
# друга, если считать их одним пакетом?</summary>
#
# Пакетная нормализация берёт среднее по пакету, а dropout добавляет случайность. Сеть нужно перевести в
# режим <code>eval</code>.
#
# </details>
#
# <details><summary>5. Метод объяснения рисует почти одно и то же для обученной сети и для сети со
# случайными весами. О чём это говорит?</summary>
#
# Он показывает само изображение или устройство сети, а не то, чему она научилась. Поэтому проверка
# случайными весами полезна для любого метода.
#
# </details>

# %% [markdown] lang="en"
# ## Check yourself
#
# <details><summary>1. A $3 \times 3$ convolution with stride 1, then $2 \times 2$ pooling with stride 2,
# then a $3 \times 3$ convolution. What is the receptive field?</summary>
#
# After the convolution 3, after pooling $3 + 1 = 4$ with stride 2, after the second convolution
# $4 + 2 \cdot 2 = 8$.
#
# </details>
#
# <details><summary>2. The nine best patches of a filter all show one class. Is the filter a detector of
# that class?</summary>
#
# No. This is the right end of the distribution of responses. One has to see how often the filter is silent
# on that class and answers to others.
#
# </details>
#
# <details><summary>3. Someone takes $\lambda = 10^{-4}$ for pixels from 0 to 255. What should be taken for
# pixels from 0 to 1 so that the problem stays the same?</summary>
#
# $\|x\|^2$ becomes $255^2$ times smaller, so $\lambda = 10^{-4} \cdot 255^2 \approx 6.5$.
#
# </details>
#
# <details><summary>4. Why do class pictures depend on one another in training mode (<code>train</code>),
# when they are computed as one batch?</summary>
#
# Batch normalisation takes the mean over the batch, and dropout adds chance. Put the network into
# <code>eval</code> mode.
#
# </details>
#
# <details><summary>5. A method of explanation draws nearly the same for a trained network and for one with
# random weights. What does that say?</summary>
#
# It shows the image itself, or how the network is built, and not what the network has learnt. That is why
# the check with random weights is useful for any method.
#
# </details>

# %%
assert 3 + 1 == 4 and 4 + 2 * 2 == 8
assert round(1e-4 * 255**2, 1) == 6.5

# %% [markdown] lang="ru"
# ## Итоги
#
# - Нейрон видит только своё окно; размер окна задаёт геометрия сети, а влияние собрано в его середине.
# - От слоя к слою кусочки с самым сильным откликом идут от цвета и края к частям и фигурам. Это измеримо, и
#   у случайных весов этого нет.
# - Изображение класса — максимум логита со штрафом. $\lambda$ зависит от единиц пикселя и меняет размах; к
#   штрафу добавляют размытие и сдвиги.
# - Уверенность сети на построенном изображении ничего не доказывает; доверять стоит тому, что повторяется от
#   запуска к запуску и пропадает при случайных весах.
#
# **Дальше:** задание `interpretation`: окно нейрона, лучшие кусочки, изображение класса и сон своими
# руками.
#
# **Источники**
# - M. D. Zeiler, R. Fergus. Visualizing and Understanding Convolutional Networks. ECCV 2014,
#   [arXiv:1311.2901](https://arxiv.org/abs/1311.2901).
# - K. Simonyan, A. Vedaldi, A. Zisserman. Deep Inside Convolutional Networks. 2014,
#   [arXiv:1312.6034](https://arxiv.org/abs/1312.6034).
# - A. Mahendran, A. Vedaldi. Understanding Deep Image Representations by Inverting Them. CVPR 2015,
#   [arXiv:1412.0035](https://arxiv.org/abs/1412.0035).
# - A. Nguyen, J. Yosinski, J. Clune. Deep Neural Networks are Easily Fooled. CVPR 2015,
#   [arXiv:1412.1897](https://arxiv.org/abs/1412.1897) (уверенность на пустом месте).
# - J. Yosinski и др. Understanding Neural Networks Through Deep Visualization. 2015,
#   [arXiv:1506.06579](https://arxiv.org/abs/1506.06579) (размытие).
# - A. Mordvintsev, C. Olah, M. Tyka. Inceptionism: Going Deeper into Neural Networks. Google Research, 2015
#   (сон).
# - W. Luo и др. Understanding the Effective Receptive Field in Deep Convolutional Neural Networks. NIPS
#   2016, [arXiv:1701.04128](https://arxiv.org/abs/1701.04128).
# - C. Olah, A. Mordvintsev, L. Schubert. [Feature
#   Visualization](https://distill.pub/2017/feature-visualization/). Distill, 2017.
# - J. Adebayo и др. Sanity Checks for Saliency Maps. NeurIPS 2018,
#   [arXiv:1810.03292](https://arxiv.org/abs/1810.03292) (проверка случайными весами).

# %% [markdown] lang="en"
# ## Summary
#
# - A unit sees its window only; the geometry of the network sets the window's size, and the influence
#   gathers in its middle.
# - From layer to layer the patches with the strongest response go from colour and edge to parts and shapes.
#   This can be measured, and random weights do not have it.
# - The picture of a class is a maximum of the logit under a penalty. $\lambda$ depends on the units of a
#   pixel and changes the range; blur and shifts are added to the penalty.
# - A network's confidence on a made-up picture proves nothing; trust what repeats from run to run and
#   disappears with random weights.
#
# **Next:** the assignment `interpretation`: the window of a unit, the best patches, the picture of a class
# and a dream, all made by yourself.
#
# **Papers**
# - M. D. Zeiler, R. Fergus. Visualizing and Understanding Convolutional Networks. ECCV 2014,
#   [arXiv:1311.2901](https://arxiv.org/abs/1311.2901).
# - K. Simonyan, A. Vedaldi, A. Zisserman. Deep Inside Convolutional Networks. 2014,
#   [arXiv:1312.6034](https://arxiv.org/abs/1312.6034).
# - A. Mahendran, A. Vedaldi. Understanding Deep Image Representations by Inverting Them. CVPR 2015,
#   [arXiv:1412.0035](https://arxiv.org/abs/1412.0035).
# - A. Nguyen, J. Yosinski, J. Clune. Deep Neural Networks are Easily Fooled. CVPR 2015,
#   [arXiv:1412.1897](https://arxiv.org/abs/1412.1897) (certainty out of nothing).
# - J. Yosinski et al. Understanding Neural Networks Through Deep Visualization. 2015,
#   [arXiv:1506.06579](https://arxiv.org/abs/1506.06579) (blur).
# - A. Mordvintsev, C. Olah, M. Tyka. Inceptionism: Going Deeper into Neural Networks. Google Research, 2015
#   (dreams).
# - W. Luo et al. Understanding the Effective Receptive Field in Deep Convolutional Neural Networks. NIPS
#   2016, [arXiv:1701.04128](https://arxiv.org/abs/1701.04128).
# - C. Olah, A. Mordvintsev, L. Schubert. [Feature
#   Visualization](https://distill.pub/2017/feature-visualization/). Distill, 2017.
# - J. Adebayo et al. Sanity Checks for Saliency Maps. NeurIPS 2018,
#   [arXiv:1810.03292](https://arxiv.org/abs/1810.03292) (the check with random weights).
