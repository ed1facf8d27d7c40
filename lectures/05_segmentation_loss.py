# %% [markdown] lang="ru"
# # Функция потерь семантической сегментации
#
# **После этой лекции вы сможете**
# - превратить выходы сети в вероятности классов так, чтобы ничего не переполнилось;
# - записать перекрёстную энтропию по пикселям с правильным знаком, множителем и учётом 255 и узнать её в
#   `F.cross_entropy`;
# - вывести её градиент и объяснить, почему учат по ней, а не по мере Жаккара.
#
# **Что нужно знать:** лекцию 04 (классы, 255, мера Жаккара), градиентный спуск, автоматическое
# дифференцирование в PyTorch.
#
# **Сколько это займёт:** около 45 минут вместе с вопросами для самопроверки.
#
# **Данные.** Страница посчитана на встроенном наборе ShapesVOC. Те же ячейки выполняются и на PASCAL VOC
# 2012; классов там 21 вместе с фоном. Всё, что следует из формул, проверяется на любом наборе. Опыты с
# обучением рассчитаны на нарисованные фигуры: сеть в них мала, и на фотографиях выводы о ней не проверяются.
#
# Перед каждым опытом стоит вопрос. Сначала ответьте на него сами, хотя бы приблизительно.

# %% [markdown] lang="en"
# # The loss of semantic segmentation
#
# **After this lecture you will be able to**
# - turn a network's outputs into class probabilities so that nothing overflows;
# - write the cross-entropy over pixels with the right sign, the right factor and 255 left out, and
#   recognise it in `F.cross_entropy`;
# - derive its gradient and explain why one trains on it and not on the Jaccard index.
#
# **You need to know:** lecture 04 (classes, 255, the Jaccard index), gradient descent, automatic
# differentiation in PyTorch.
#
# **Time:** about 45 minutes, the self-check questions included.
#
# **Data.** The page was computed on the built-in set ShapesVOC. The same cells run on PASCAL VOC 2012, too,
# which has 21 classes with the background. Whatever follows from the formulas is checked on either set. The
# experiments with training are meant for drawn shapes: their network is small, and what they say about it
# is not checked on photographs.
#
# A question stands before every experiment. Answer it yourself first, if only roughly.

# %%
import numpy as np
import torch
from torch.nn import functional as F

from course_utils import figures, session
from course_utils.data import VOID
from course_utils.data.scenes import load_scenes
from course_utils.reference.losses import categorical_cross_entropy, softmax
from course_utils.reference.metrics import confusion_counts, jaccard, pixel_accuracy
from course_utils.reference.pixelwise import fit_pixelwise, small_network

train = load_scenes("train", 48, size=64, data=session.current().data)
new = load_scenes("val", 40, size=64, data=session.current().data)
K = len(train.names)  # classes, background included
built_in = session.current().data == "shapes"  # what training shows is checked on ShapesVOC alone
device = session.current().device

# %% [markdown] lang="ru"
# ## От чисел к вероятностям
#
# В пикселе $i$ модель выдаёт $K$ чисел $b_{i1}, \dots, b_{iK}$ (**логиты**). Они могут быть любыми:
# отрицательными, большими, с любой суммой. Вероятности из них делает softmax:
#
# $$a_{ik} = \frac{\exp(b_{ik})}{\sum_{m=1}^K \exp(b_{im})}$$
#
# **Предскажите:** что станет с вероятностями, если ко всем $b_{ik}$ одного пикселя прибавить 5? А если все
# их умножить на 5?

# %% [markdown] lang="en"
# ## From numbers to probabilities
#
# In pixel $i$ the model gives $K$ numbers $b_{i1}, \dots, b_{iK}$ (**logits**). They may be anything:
# negative, large, with any sum. Softmax makes probabilities of them:
#
# $$a_{ik} = \frac{\exp(b_{ik})}{\sum_{m=1}^K \exp(b_{im})}$$
#
# **Predict:** what happens to the probabilities when 5 is added to all $b_{ik}$ of a pixel? And when all
# of them are multiplied by 5?

# %%
b = torch.tensor([0.0, 2.0, 1.0]).reshape(1, 3, 1, 1)  # (N, K, H, W): one pixel, three classes
assert torch.allclose(softmax(b + 5), softmax(b))  # a shift changes nothing
assert softmax(5 * b).max() > 0.99 > 0.7 > softmax(b).max()  # a scale changes confidence
assert torch.equal(softmax(5 * b).argmax(1), softmax(b).argmax(1))  # but not the order

names = train.names[:3]
left, middle, right = figures.panels(3, height=2.4)
figures.score_bars(left, b.flatten(), names)
figures.probability_bars(middle, softmax(b).flatten(), names, truth=1)
figures.probability_bars(right, softmax(5 * b).flatten(), names, truth=1, times=5)
figures.show()

# %% [markdown] lang="ru"
# Сдвиг сокращается: $e^{b+5} = e^5 e^b$ и в числителе, и в знаменателе. Поэтому важны только разности
# логитов. Умножение эти разности растягивает: побеждает тот же класс, но с другой уверенностью.
#
# Меняйте логиты одного пикселя сами. Штриховкой отмечен истинный класс, справа — цена пикселя $-\log a_{ik}$,
# о которой речь пойдёт ниже.

# %% [markdown] lang="en"
# The shift cancels: $e^{b+5} = e^5 e^b$ above and below the line. So only differences of logits
# matter. Multiplication stretches the differences: the same class wins, but with another confidence.
#
# Change the logits of one pixel yourself. The true class is hatched; on the right is the price of the pixel,
# $-\log a_{ik}$, which is what comes next.

# %%
figures.pixel_figure(names, [0.0, 2.0, 1.0])

# %% [markdown] lang="ru"
# ## Большие логиты
#
# Формула верна на бумаге, но `exp` в одинарной точности переполняется уже около 89.
#
# **Предскажите:** у пикселя логиты 0 и 1000. Что вернёт softmax, записанный точно по формуле? А логарифм
# вероятности первого класса?

# %% [markdown] lang="en"
# ## Large logits
#
# The formula is right on paper, but `exp` in single precision overflows at about 89.
#
# **Predict:** a pixel has logits 0 and 1000. What does softmax give when written exactly as in the
# formula? And the logarithm of the first class's probability?

# %%
assert torch.tensor(88.0).exp().isfinite() and torch.tensor(89.0).exp().isinf()
rows = []
for logit in (10.0, 80.0, 200.0, 1000.0):
    b = torch.tensor([0.0, logit]).reshape(1, 2, 1, 1)
    by_formula = b.exp() / b.exp().sum(dim=1, keepdim=True)
    stable = softmax(b)  # subtracts the largest logit first
    logarithm = b.log_softmax(dim=1)  # b minus log of the sum: nothing is ever rounded to 0
    second = [by_formula[0, 1], stable[0, 1]]  # probabilities of the second class
    first = [stable[0, 0].log(), logarithm[0, 0]]  # logarithms for the first
    rows.append([logit, *(value.item() for value in second + first)])
assert np.isnan(rows[-1][1]) and rows[-1][2:] == [1, -np.inf, -1000]
figures.stability_table(rows)

# %% [markdown] lang="ru"
# По формуле получается $\infty / \infty$, то есть `nan`, и одного такого пикселя хватит, чтобы испортить все
# веса. Спасает то, что softmax не меняется от сдвига: вычтем наибольший логит, и показатели степени станут
# не больше нуля.
#
# Но этого мало. Вероятность $e^{-1000}$ округляется до нуля, а логарифм нуля — это $-\infty$. Поэтому в
# функции потерь логарифм берут сразу: $\log a_{ik} = b_{ik} - \log \sum_m \exp(b_{im})$ (`log_softmax`).

# %% [markdown] lang="en"
# The formula comes to $\infty / \infty$, which is `nan`, and one such pixel is enough to ruin all the
# weights. The cure is that softmax does not mind a shift: subtract the largest logit, and no exponent is
# above zero.
#
# That is not all. The probability $e^{-1000}$ is rounded to zero, and the logarithm of zero is $-\infty$.
# That is why the loss takes the logarithm at once: $\log a_{ik} = b_{ik} - \log \sum_m \exp(b_{im})$
# (`log_softmax`).

# %% [markdown] lang="ru"
# ## Знак
#
# В лекции для одного изображения записано
#
# $$L(y, a) = \sum_{i=1}^n \sum_{k=1}^K [y_i = k] \log a_{ik}$$
#
# Внутренняя сумма выбирает одно слагаемое: логарифм вероятности истинного класса пикселя.
#
# **Предскажите:** какого знака эта величина и при каких ответах она наибольшая? Что случится, если
# уменьшать её градиентным спуском?

# %% [markdown] lang="en"
# ## The sign
#
# For one image the lecture writes
#
# $$L(y, a) = \sum_{i=1}^n \sum_{k=1}^K [y_i = k] \log a_{ik}$$
#
# The inner sum picks one term: the logarithm of the probability of the pixel's true class.
#
# **Predict:** what is the sign of this quantity, and for which answers is it largest? What happens if
# gradient descent makes it smaller?

# %%
y = new.labels[:1]  # (1, H, W)
labelled = y != VOID
indicator = F.one_hot(y.long().where(labelled, 0), K).permute(0, 3, 1, 2) * labelled[:, None]


def as_written(b):
    return (indicator * b.log_softmax(dim=1)).sum()  # [y_i = k] log a_ik over pixels and classes


def descend(sign, steps=30):
    b, history = torch.zeros(indicator.shape, requires_grad=True), []
    for _step in range(steps):
        history.append(((indicator * softmax(b)).sum() / labelled.sum()).item())
        (slope,) = torch.autograd.grad(sign * as_written(b), b)
        b = (b - 0.5 * slope).detach().requires_grad_()
    return history


# %%
with_minus, without = descend(sign=-1), descend(sign=+1)
assert as_written(torch.zeros(indicator.shape)) < 0
assert with_minus[-1] > 0.9
assert without[-1] < 0.01
(ax,) = figures.panels(1, height=2.4)
figures.descent_curves(ax, with_minus, without)
figures.show()

# %% [markdown] lang="ru"
# Логарифм вероятности не бывает положительным, а нулём сумма становится, когда у всех пикселей вероятность
# истинного класса равна 1. Значит, формула лекции — это **логарифм правдоподобия**, и его нужно увеличивать.
# Если отдать его оптимизатору как есть, спуск будет учить обратному: вероятность истинного класса упадёт до
# нуля. Функция потерь — то же самое с минусом.

# %% [markdown] lang="en"
# The logarithm of a probability is never positive, and the sum is zero when the true class has probability
# 1 in every pixel. So the lecture's formula is the **log-likelihood**, which is to be increased. Hand it to
# an optimiser as it stands, and descent unlearns: the probability of the true class falls to zero. The loss
# is the same with a minus.

# %% [markdown] lang="ru"
# ## Сумма или среднее
#
# В коде обычно не только меняют знак, но и берут среднее по размеченным пикселям:
#
# $$L(y, a) = -\frac{1}{n} \sum_{i=1}^n \sum_{k=1}^K [y_i = k] \log a_{ik}$$
#
# **Предскажите:** во сколько раз вырастет градиент суммы, если сторону изображения увеличить в восемь раз?
# А градиент среднего?

# %% [markdown] lang="en"
# ## Sum or mean
#
# Code usually not only changes the sign but also takes the mean over the labelled pixels:
#
# $$L(y, a) = -\frac{1}{n} \sum_{i=1}^n \sum_{k=1}^K [y_i = k] \log a_{ik}$$
#
# **Predict:** how many times does the gradient of the sum grow when the image's side becomes eight times
# as long? And the gradient of the mean?

# %%
def gradient_norm(way, side, seed):
    """Of the last layer's weights in an untrained network, on the middle of eight images."""
    torch.manual_seed(seed)
    network = small_network(K)
    cut = slice(32 - side // 2, 32 + side // 2)
    logits, y = network(new.images[:8, :, cut, cut]), new.labels[:8, cut, cut].long()
    loss = F.cross_entropy(logits, y, ignore_index=VOID, reduction=way)
    (slope,) = torch.autograd.grad(loss, network[-1].weight)
    return slope.norm().item()


# %%
sides, norms = [8, 16, 32, 64], {}
for way in ("sum", "mean"):
    runs = [[gradient_norm(way, side, seed) for side in sides] for seed in range(3)]
    norms[way] = np.array(runs)
growth = {way: runs[:, -1] / runs[:, 0] for way, runs in norms.items()}
if built_in:
    assert growth["sum"].min() > 50 and growth["mean"].max() < 3

(ax,) = figures.panels(1, height=2.4)
figures.gradient_norm_curves(ax, sides, norms)
figures.show()

# %% [markdown] lang="ru"
# Линии проведены через средние по трём необученным сетям, мелкие точки — сами сети. Пикселей стало в 64
# раза больше, и градиент суммы вырос больше чем в 50 раз: шаг обучения, подобранный на маленьких
# изображениях, для больших окажется велик. Градиент среднего вырос меньше чем втрое. Поэтому в курсе, как и
# в `F.cross_entropy`, берётся среднее.
#
# Проверим, что формула, функция курса и функция библиотеки — одно и то же.

# %% [markdown] lang="en"
# The lines join means over three untrained networks, the small dots are the networks. There are 64 times
# as many pixels, and the gradient of the sum has grown more than 50 times: a learning rate tuned on small
# images is too large for big ones. The gradient of the mean has grown less than threefold. That is why the
# course, like `F.cross_entropy`, takes the mean.
#
# Let us check that the formula, the course's function and the library's are one and the same.

# %%
b, y = small_network(K)(new.images[:1]).detach(), new.labels[:1]
by_formula = -as_written(b) / labelled.sum()
ours = categorical_cross_entropy(b, y)
library = F.cross_entropy(b, y.long(), ignore_index=VOID)
assert torch.allclose(by_formula, library) and torch.allclose(ours, library)

# %% [markdown] lang="ru"
# <details><summary><b>Вопрос.</b> Сеть ещё ничему не научилась и во всех пикселях выдаёт равные логиты.
# Чему равна функция потерь при $K = 21$?</summary>
#
# $-\log(1/21) = \log 21 \approx 3{,}04$. Если в начале обучения значение намного больше, логиты слишком
# велики: сеть уверена и ошибается. Это полезная проверка.
#
# </details>

# %% [markdown] lang="en"
# <details><summary><b>Question.</b> The network has learnt nothing yet and gives equal logits in all
# pixels. What is the loss for $K = 21$?</summary>
#
# $-\log(1/21) = \log 21 \approx 3.04$. If it is much larger when training begins, the logits are too
# large: the network is confident and wrong. A useful check.
#
# </details>

# %%
assert round(np.log(21), 2) == 3.04

# %% [markdown] lang="ru"
# ## Градиент
#
# Градиент этой функции по логитам записывается на удивление просто:
#
# $$\frac{\partial L}{\partial b_{ik}} = \frac{1}{n} \left(a_{ik} - [y_i = k]\right)$$
#
# **Предскажите:** какого знака градиент по логиту истинного класса? Где на изображении он близок к нулю?

# %% [markdown] lang="en"
# ## The gradient
#
# The gradient of this function with respect to the logits is surprisingly simple:
#
# $$\frac{\partial L}{\partial b_{ik}} = \frac{1}{n} \left(a_{ik} - [y_i = k]\right)$$
#
# **Predict:** what is the sign of the gradient with respect to the logit of the true class? Where in the
# image is it near zero?

# %%
def object_or_background(scenes):
    return torch.where(scenes.labels == VOID, VOID, (scenes.labels > 0).byte())


truth, y = object_or_background(train), object_or_background(new)
images = train.images.to(device)
network = fit_pixelwise(images, truth.to(device), num_classes=2, seed=0, steps=40).cpu()
b = network(new.images).detach().requires_grad_()
(slope,) = torch.autograd.grad(categorical_cross_entropy(b, y), b)

n = (y != VOID).sum()
indicator = torch.stack([y == 0, y == 1], dim=1)
by_formula = (softmax(b) - indicator.float()) * (y != VOID)[:, None] / n
assert torch.allclose(slope, by_formula, atol=1e-8)
assert slope[(y == VOID)[:, None].expand_as(slope)].abs().max() == 0  # nothing from void

# %%
left, middle, right = figures.panels(3, height=2.9)
figures.show_image(left, new.images[0])
figures.show_labels(middle, y[0], ["background", "object"])
figures.show_gradient(right, n * slope[0, 1], "object")
figures.show()

# %% [markdown] lang="ru"
# Тёмным показан отрицательный градиент: объект здесь есть, а его вероятность мала, и шаг спуска поднимет
# его логит. Светлым — положительный: объекта нет, а сеть его видит. Там, где сеть права и уверена, градиент
# близок к нулю: такие пиксели уже почти ничему не учат. На кайме 255 он в точности равен нулю.

# %% [markdown] lang="en"
# Dark is a negative gradient: the object is there but its probability is low, and a descent step will
# raise its logit. Light is a positive one: there is no object, yet the network sees it. Where the
# network is right and confident the gradient is near zero: such pixels teach next to nothing. On the 255
# seam it is exactly zero.

# %% [markdown] lang="ru"
# ## Что делает 255
#
# Пикселей каймы немного, около десятой части, но они лежат именно там, где решается форма объекта. Что
# будет, если их не исключать, а счесть фоном? Или ещё одним классом? Обучим каждым способом по три сети и
# сравним их на новых изображениях, по размеченным пикселям.
#
# **Предскажите:** если счесть кайму фоном, станут ли объекты в ответах сети толще, тоньше или не изменятся?

# %% [markdown] lang="en"
# ## What 255 does
#
# The seam has few pixels, about a tenth, but they lie exactly where the shape of an object is decided. What
# if we do not leave them out but call them background? Or one more class? Train three networks each way and
# compare them on new images, over the labelled pixels.
#
# **Predict:** with the seam called background, will objects come out thicker, thinner or the same?

# %%
ways = {
    "ignored": (truth, 2),
    "background": (truth.where(truth != VOID, 0), 2),
    "class": (truth.where(truth != VOID, 2), 3),
}


def answer(labels, num_classes, seed):
    trained = fit_pixelwise(images, labels.to(device), num_classes, seed=seed, steps=100).cpu()
    with torch.no_grad():
        return trained(new.images).argmax(dim=1)


# %%
answers = {way: [answer(*how, seed) for seed in range(3)] for way, how in ways.items()}


def shares_of(k, where):
    """In the answers of each way: the share of these pixels that are called k, run by run."""
    return {
        way: [(a[where] == k).double().mean().item() for a in found]
        for way, found in answers.items()
    }


# %%
quality, seam = {}, shares_of(1, where=new.labels == VOID)
for way, found in answers.items():
    quality[way] = [jaccard(confusion_counts(a, y, 3))[1].item() for a in found]
if built_in:
    assert 0.05 < (new.labels == VOID).double().mean() < 0.12
    assert np.mean(quality["ignored"]) > np.mean(quality["background"]) + 0.02
    assert np.mean(quality["ignored"]) > np.mean(quality["class"]) + 0.02
    assert np.mean(seam["ignored"]) > np.mean(seam["background"]) + 0.1
    assert min(shares_of(2, where=y == 1)["class"]) > 0.1

# %%
left, right = figures.panels(2, height=2.7)
figures.void_quality_bars(left, quality)
figures.void_seam_bars(right, seam)
figures.show()

# %%
axes = figures.panels(4, height=2.7)
figures.show_labels(axes[0], y[0], ["background", "object"])
for ax, (way, found) in zip(axes[1:], answers.items()):
    figures.show_void_answer(ax, found[0][0], way)
figures.show()

# %% [markdown] lang="ru"
# Столбцы — средние по трём запускам, отрезки — одно стандартное отклонение, точки — сами запуски. Сеть,
# которую учили считать кайму фоном, послушно отвечает на ней «фон»: объекты становятся тоньше, и мера Жаккара
# по размеченным пикселям падает, хотя самой каймы в ней нет. Сеть, у которой кайма — отдельный класс, относит
# к ней и больше десятой части размеченных пикселей объектов. Исключить 255 лучше и того и другого: пусть сеть
# сама решит, где проходит граница.
#
# Исключать нужно и из числителя, и из $n$. Отсюда ловушка: изображение, размеченное одними 255, даёт $0/0$.
#
# **Предскажите:** что вернёт на нём `F.cross_entropy`? А каким будет градиент?

# %% [markdown] lang="en"
# Bars are means over three runs, whiskers one standard deviation, dots the runs themselves. A network
# taught that the seam is background obediently answers "background" on it: objects grow thin, and the
# Jaccard index over the labelled pixels falls, though the seam itself is not among them. A network that has
# a class for the seam gives it more than a tenth of the objects' labelled pixels, too. Leaving 255 out
# beats both: let the network decide where the border runs.
#
# It has to be left out of the numerator and of $n$. Hence a trap: an image that is 255 all over gives
# $0/0$.
#
# **Predict:** what does `F.cross_entropy` return for it? And what is the gradient?

# %%
all_void = torch.full((1, 64, 64), VOID)
b = torch.zeros(1, K, 64, 64, requires_grad=True)
by_library = F.cross_entropy(b, all_void, ignore_index=VOID)
by_formula = (b[:, 0] * (all_void != VOID)).sum() / (all_void != VOID).sum()  # a sum over n = 0
assert by_library.isnan() and by_formula.isnan()
assert torch.autograd.grad(by_library, b)[0].abs().max() == 0
assert torch.autograd.grad(by_formula, b)[0].isnan().any()

# %%
refused = False
try:
    categorical_cross_entropy(b, all_void)
except ValueError:
    refused = True
assert refused

# %% [markdown] lang="ru"
# Библиотека молча возвращает `nan`. Градиент она при этом обнуляет, так что веса целы, но функция потерь,
# усреднённая за эпоху, тоже становится `nan`. А если записать формулу самому, `nan` окажется и в градиенте,
# и после одного шага им станут все веса. Функция курса отказывается считать и объясняет почему. Для пакета
# из нескольких изображений беды нет, если в нём размечен хотя бы один пиксель: среднее берётся по всем
# пикселям пакета сразу.
#
# <details><summary><b>Вопрос.</b> В пакете два изображения: в первом размечены все пиксели, во втором —
# сотая их часть. С каким весом входит второе в функцию потерь?</summary>
#
# Среднее берётся по пикселям, поэтому вес второго — около одной сотой от веса первого. Если сначала
# усреднить каждое изображение, веса станут равными. Это разные функции, и в отчёте нужно сказать, какая из
# них взята.
#
# </details>

# %% [markdown] lang="en"
# The library silently returns `nan`. It makes the gradient zero, so the weights are safe, but the loss
# averaged over the epoch becomes `nan` as well. Write the formula yourself, and `nan` is in the gradient,
# too, and after one step in all weights. The course's function refuses and says why. A batch of several
# images is safe as soon as one pixel in it is labelled: the mean is over all pixels of the batch at once.
#
# <details><summary><b>Question.</b> A batch has two images: in the first all pixels are labelled, in the
# second one in a hundred. With what weight does the second enter the loss?</summary>
#
# The mean is over pixels, so the second weighs about a hundredth of the first. Averaging each image first
# would make the weights equal. These are different functions, and a report has to say which one it used.
#
# </details>

# %% [markdown] lang="ru"
# ## Почему не учить сразу по метрике
#
# Качество измеряют долей верных пикселей и мерой Жаккара, а обучают по другой функции. Пройдём по прямой
# от весов необученной сети к весам обученной и последим за 16 пикселями.
#
# **Предскажите:** как выглядит вдоль этой прямой функция потерь? А доля верных пикселей?

# %% [markdown] lang="en"
# ## Why not train on the metric itself
#
# Quality is measured by pixel accuracy and the Jaccard index, but training uses another function. Walk
# along a straight line from the weights of an untrained network to those of a trained one and watch 16
# pixels.
#
# **Predict:** what does the loss look like along this line? And pixel accuracy?

# %%
torch.manual_seed(0)
start = torch.nn.utils.parameters_to_vector(small_network(2).parameters())
end = torch.nn.utils.parameters_to_vector(network.parameters())
walker = small_network(2)
few, chosen = new.images[:8], torch.full_like(y[:8], VOID)
for k in (0, 1):  # eight pixels of each class
    where = (y[:8] == k).flatten().nonzero()[:, 0]
    chosen.view(-1)[where[:: len(where) // 8][:8]] = k

# %%
shares = torch.linspace(0, 1, 81)
losses, accuracies = [], []
for share in shares:
    torch.nn.utils.vector_to_parameters((1 - share) * start + share * end, walker.parameters())
    with torch.no_grad():
        b = walker(few)
    losses.append(categorical_cross_entropy(b, chosen).item())
    accuracies.append(pixel_accuracy(confusion_counts(b.argmax(dim=1), chosen, 2)).item())
assert len(set(accuracies)) <= 17 < len(set(losses))
assert not walker(few).argmax(dim=1).requires_grad  # argmax lets no gradient through

# %%
(ax,) = figures.panels(1, height=2.5)
figures.walk_curves(ax, shares, losses, accuracies)
figures.show()

# %% [markdown] lang="ru"
# Доля верных пикселей идёт ступенями: пока ни один ответ не сменился, она стоит на месте, и её производная
# почти всюду равна нулю. Мера Жаккара складывается из тех же ответов и ведёт себя так же. Спуску не за что
# ухватиться. Функция потерь меняется почти при любом изменении весов.
#
# Бывает и наоборот: ответ не меняется, а функция потерь меняется. Умножьте все логиты на одно число.

# %% [markdown] lang="en"
# Pixel accuracy goes in steps: while no answer changes it stands still, and its derivative is zero almost
# everywhere. The Jaccard index is made of the same answers and behaves the same way. Descent finds
# nothing to hold on to. The loss changes with nearly any change of the weights.
#
# The reverse happens, too: the answer stands still while the loss changes. Multiply all logits by one number.

# %%
b = network(new.images).detach()
factors = torch.arange(0.25, 8.01, 0.25)
prices = [categorical_cross_entropy(factor * b, y).item() for factor in factors]
best = factors[int(np.argmin(prices))]
confidence = softmax(best * b).amax(dim=1)[y != VOID].mean().item()
accuracy = pixel_accuracy(confusion_counts(b.argmax(dim=1), y, 2)).item()
assert torch.equal((8 * b).argmax(dim=1), b.argmax(dim=1))  # every metric stays
if built_in:
    assert min(prices) < min(prices[0], prices[-1]) / 1.5
    assert abs(confidence - accuracy) < 0.03
figures.scale_figure(b[0], y[0])

# %% [markdown] lang="ru"
# Слева — ошибки ответа, от множителя они не зависят. В середине — цена каждого пикселя, справа — средняя
# цена. При малом множителе сеть нигде не уверена, и за каждый пиксель приходится немного платить. При большом
# почти все пиксели бесплатны, зато каждая ошибка стоит очень дорого: за уверенную ошибку штраф не ограничен.
# Дешевле всего где-то посередине: на новых изображениях при лучшем множителе средняя уверенность отличается
# от доли верных пикселей меньше чем на $0{,}03$.

# %% [markdown] lang="en"
# On the left are the mistakes of the answer, which do not depend on the factor. In the middle is the price
# of each pixel, on the right the mean price. With a small factor the network is sure nowhere, and every
# pixel costs a little. With a large one almost all pixels are free, but each mistake is very dear: the
# penalty for a confident mistake has no bound. The price is lowest somewhere in between: over the new
# images, at the best factor the mean confidence differs from pixel accuracy by less than $0.03$.

# %% [markdown] lang="ru"
# ## Редкие классы и веса
#
# Функция потерь, как и доля верных пикселей, складывается из пикселей, так что частый класс в ней важнее.
# Можно дать пикселям класса $k$ вес $w_k$. В `F.cross_entropy(..., weight=w)` среднее становится взвешенным:
# делят не на $n$, а на сумму весов.
#
# **Предскажите:** пусть пиксели объекта весят в десять раз больше. Что станет с долей найденных пикселей
# объекта? А с долей верных среди найденных?

# %% [markdown] lang="en"
# ## Rare classes and weights
#
# Like pixel accuracy, the loss adds up over pixels, so a frequent class matters more in it. Pixels of
# class $k$ can be given a weight $w_k$. In `F.cross_entropy(..., weight=w)` the mean is then weighted:
# it divides by the sum of the weights, not by $n$.
#
# **Predict:** let the object's pixels weigh ten times as much. What happens to the share of the object's
# pixels that are found? And to the share of right ones among those found?

# %%
w = torch.tensor([1.0, 10.0])
counted = y != VOID
prices = F.cross_entropy(b, y.long(), ignore_index=VOID, reduction="none")[counted]
weights = w[y[counted].long()]
by_hand = (weights * prices).sum() / weights.sum()
assert torch.allclose(by_hand, F.cross_entropy(b, y.long(), weight=w, ignore_index=VOID))

# %%
def found_and_right(weight, seed):
    """Recall and precision of objects after training with these weights of the classes."""
    trained = fit_pixelwise(images, truth.to(device), 2, seed=seed, weight=weight).cpu()
    with torch.no_grad():
        counts = confusion_counts(trained(new.images).argmax(dim=1), y, 2)
    return (counts[1, 1] / counts[1].sum()).item(), (counts[1, 1] / counts[:, 1].sum()).item()


# %%
found, right = {}, {}
for name, weight in (("equal", None), ("heavy", w.to(device))):
    runs = [found_and_right(weight, seed) for seed in range(5)]
    found[name], right[name] = map(list, zip(*runs))
if built_in:
    assert np.mean(found["heavy"]) > np.mean(found["equal"]) + 0.01
    assert np.mean(right["heavy"]) < np.mean(right["equal"]) - 0.02

# %%
one, other = figures.panels(2, height=2.5)
figures.weight_bars(one, found, "found")
figures.weight_bars(other, right, "right")
figures.show()

# %% [markdown] lang="ru"
# Здесь запусков пять. Вес повышает полноту ценой точности: сеть находит больше пикселей объекта, но и чаще
# видит его там, где его нет. Выгодно ли это, решает метрика, а не функция потерь.

# %% [markdown] lang="en"
# There are five runs here. The weight buys recall at the price of precision: the network finds more of the
# object's pixels, but also sees it more often where it is not. Whether that pays is for the metric to say,
# not for the loss.

# %% [markdown] lang="ru"
# ## Проверьте себя
#
# <details><summary>1. Почему нельзя подать в <code>F.cross_entropy</code> вероятности после
# softmax?</summary>
#
# Она сама применяет softmax. Применённый дважды, он сближает вероятности: вероятность истинного класса из $K$
# не может превысить $e / (e + K - 1)$, и функция потерь не опускается до нуля.
#
# </details>
#
# <details><summary>2. По какой оси берётся softmax у тензора (N, K, H, W)?</summary>
#
# По оси 1, по классам. Вероятности классов в каждом пикселе дают в сумме 1.
#
# </details>
#
# <details><summary>3. Градиент по логитам одного пикселя: чему равна сумма по классам?</summary>
#
# Нулю: $\sum_k a_{ik} = 1$ и $\sum_k [y_i = k] = 1$. Поэтому сдвиг всех логитов ничего не меняет.
#
# </details>
#
# <details><summary>4. Доля верных пикселей на проверочной выборке стоит, а функция потерь растёт. Как это
# возможно?</summary>
#
# Ответы не меняются, а уверенность растёт, в том числе там, где сеть ошибается. Это обычный признак
# переобучения.
#
# </details>

# %% [markdown] lang="en"
# ## Check yourself
#
# <details><summary>1. Why must <code>F.cross_entropy</code> not be given probabilities after
# softmax?</summary>
#
# It applies softmax itself. Applied twice, it squeezes everything towards equal shares: the probability of
# the true class out of $K$ cannot exceed $e / (e + K - 1)$, and the loss never gets down to zero.
#
# </details>
#
# <details><summary>2. Over which axis of a tensor (N, K, H, W) does softmax go?</summary>
#
# Over axis 1, the classes. In every pixel the probabilities of the classes sum to 1.
#
# </details>
#
# <details><summary>3. What is the gradient with respect to the logits of one pixel, summed over the
# classes?</summary>
#
# Zero: $\sum_k a_{ik} = 1$ and $\sum_k [y_i = k] = 1$. That is why shifting all logits changes nothing.
#
# </details>
#
# <details><summary>4. Pixel accuracy on the validation set stands still, and the loss rises. How can that
# be?</summary>
#
# The answers do not change, but confidence grows, in the wrong pixels as well. A common sign of
# overfitting.
#
# </details>

# %% [markdown] lang="ru"
# ## Итоги
#
# - Softmax делает из логитов вероятности; общего сдвига он не замечает, на этом и держится устойчивый счёт.
# - В лекции записан логарифм правдоподобия. Функция потерь — он же с минусом, в среднем по размеченным
#   пикселям.
# - Градиент по логитам равен $(a_{ik} - [y_i = k]) / n$: пиксели, где сеть права и уверена, почти не учат.
# - 255 исключают и из суммы, и из $n$. Счесть его фоном — значит научить сеть обкусывать объекты.
# - Метрика кусочно-постоянна, поэтому учат по функции потерь, а судят по метрике.
#
# **Дальше:** задание `metrics_and_loss`, в котором всё это нужно написать самостоятельно.
#
# **Источники**
# - J. Long, E. Shelhamer, T. Darrell. Fully Convolutional Networks for Semantic Segmentation. CVPR 2015,
#   [arXiv:1411.4038](https://arxiv.org/abs/1411.4038).
# - O. Ronneberger, P. Fischer, T. Brox. U-Net: Convolutional Networks for Biomedical Image Segmentation.
#   MICCAI 2015, [arXiv:1505.04597](https://arxiv.org/abs/1505.04597) (веса пикселей у границ).
# - M. Everingham, L. Van Gool, C. K. I. Williams, J. Winn, A. Zisserman. The PASCAL Visual Object Classes
#   (VOC) Challenge. *International Journal of Computer Vision* 88 (2010), 303–338.
# - I. Goodfellow, Y. Bengio, A. Courville. Deep Learning. MIT Press, 2016, разделы 4.1 и 6.2.2
#   (переполнение, softmax и логарифм правдоподобия).

# %% [markdown] lang="en"
# ## Summary
#
# - Softmax makes probabilities of logits; it does not notice a common shift, and stable computation rests on
#   that.
# - The lecture writes the log-likelihood. The loss is the same with a minus, averaged over the labelled
#   pixels.
# - The gradient with respect to the logits is $(a_{ik} - [y_i = k]) / n$: pixels where the network is right
#   and sure teach next to nothing.
# - 255 stays out of the sum and of $n$. Calling it background teaches the network to nibble at objects.
# - The metric is piecewise constant, so one trains on the loss and judges by the metric.
#
# **Next:** the assignment `metrics_and_loss`, where you write all of this yourself.
#
# **Papers**
# - J. Long, E. Shelhamer, T. Darrell. Fully Convolutional Networks for Semantic Segmentation. CVPR 2015,
#   [arXiv:1411.4038](https://arxiv.org/abs/1411.4038).
# - O. Ronneberger, P. Fischer, T. Brox. U-Net: Convolutional Networks for Biomedical Image Segmentation.
#   MICCAI 2015, [arXiv:1505.04597](https://arxiv.org/abs/1505.04597) (weights of pixels at borders).
# - M. Everingham, L. Van Gool, C. K. I. Williams, J. Winn, A. Zisserman. The PASCAL Visual Object Classes
#   (VOC) Challenge. *International Journal of Computer Vision* 88 (2010), 303–338.
# - I. Goodfellow, Y. Bengio, A. Courville. Deep Learning. MIT Press, 2016, sections 4.1 and 6.2.2
#   (overflow; softmax and the log-likelihood).
