# %% [markdown] lang="ru"
# # Что находят свёрточные сети
#
# **После этого задания вы сможете**
# - по ядрам, шагам и дополнению нулями сказать, какие пиксели видит нейрон;
# - найти для каждого фильтра кусочки изображений с самым сильным откликом;
# - построить изображение класса и «сон» сети градиентным подъёмом, ничего не испортив в сети;
# - распознать новые фигуры по одному тому, какие фильтры сработали.
#
# **Время:** около двух часов. Упражнения идут от простых к сложным.
#
# **Как устроена проверка.** Под каждым решением стоит ячейка с `check(...)`. Запускайте её сколько угодно
# раз: она скажет, что не так, и покажет самый маленький пример, на котором ответ расходится с верным. При
# выставлении оценки те же проверки пройдут на других данных. Сеть в карточке проверки записана её слоями;
# запись `Parts(features=..., classifier=...)` означает модуль, части которого выполняются одна за другой.
#
# **Правила.** Пишите код на месте строки `raise NotImplementedError()`; свои вспомогательные функции
# можно добавлять где угодно. Библиотеки, которые всё это делают сами (`captum`, `lucent`), и функции из
# `course_utils.reference` в решении использовать нельзя. Сравнивать с ними свой ответ в отдельной ячейке
# можно и полезно.
# При выставлении оценки есть стандартная библиотека Python, `torch`, `torchvision`, `numpy`, `matplotlib`,
# `PIL` и `tqdm`; других библиотек (`pandas`, `cv2`) и GPU там нет.

# %% [markdown] lang="en"
# # What convolutional networks find
#
# **After this assignment you will be able to**
# - say from kernels, strides and padding which pixels a unit sees;
# - find for each filter the patches with the strongest response;
# - build the picture of a class and a network's "dream" by gradient ascent, and spoil nothing in the network;
# - recognise new shapes by nothing but which filters fired.
#
# **Time:** about two hours. The exercises grow harder.
#
# **How checking works.** Under each solution there is a cell with `check(...)`. Run it as often as you
# like: it says what is wrong and shows the smallest example on which your answer departs from the right
# one. For the mark, the same checks run on other data. A check's card writes a network as its layers;
# `Parts(features=..., classifier=...)` means a module whose parts run one after another.
#
# **Rules.** Write your code in place of `raise NotImplementedError()`; add helper functions of your own
# anywhere. Libraries that do all this by themselves (`captum`, `lucent`) and the functions of
# `course_utils.reference` may not be used in a solution. Comparing your answer with them in a cell of your
# own is allowed, and wise.
# Where hand-ins are graded there are Python's own library, `torch`, `torchvision`, `numpy`, `matplotlib`,
# `PIL` and `tqdm`; no other libraries (no `pandas`, no `cv2`) and no GPU.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.data.shapes import OTHER_SHAPES, SHAPES
from course_utils.data.shapes_classification import ShapesClassification
from course_utils.data.small_net import small_net

network = small_net()
drawn = ShapesClassification(SHAPES, per_class=10, seed=3)
images = drawn.images.float() / 255  # (60, 3, 64, 64), RGB in [0, 1]
print("the network knows:", ", ".join(drawn.classes))

# %% [markdown] lang="ru"
# ## 1. Поле восприятия
# *10 минут*
#
# Даны слои (свёртки или пулинги), которые стоят один на другом. Сколько пикселей видит нейрон последнего,
# через сколько пикселей начинается окно следующего нейрона и где начинается окно нейрона с номером 0? Нейрон
# с номером $i$ видит пиксели от $\text{stride} \cdot i + \text{edge}$, всего $\text{field}$ штук. Если слоёв
# нет, нейрон — это пиксель: $(1, 1, 0)$.
#
# Пример. Первый слой — свёртка с ядром 5, шагом 2 и дополнением 1: окно 5, шаг 2, начало $-1$. Над ней
# свёртка с ядром 3, шагом 1, дополнением 1. Её нейрон 0 видит нейроны первого слоя с номерами
# $-1, 0, 1$; их окна начинаются в $-3, -1, 1$, последнее кончается перед пикселем $1 + 5 = 6$. Значит, начало
# $-3$, окно $6 - (-3) = 9$, шаг 2. Ответ: $(9, 2, -3)$.

# %% [markdown] lang="en"
# ## 1. The receptive field
# *10 minutes*
#
# Given are layers (convolutions or poolings) on top of one another. How many pixels does a unit of the last
# one see, how many pixels on does the next unit's window begin, and where does the window of unit 0 begin?
# Unit $i$ sees the pixels from $\text{stride} \cdot i + \text{edge}$ on, $\text{field}$ of them. Without any
# layer a unit is a pixel: $(1, 1, 0)$.
#
# An example. The first layer is a convolution with kernel 5, stride 2 and padding 1: window 5, stride 2,
# edge $-1$. Above it is a convolution with kernel 3, stride 1, padding 1. Its unit 0 sees the units
# $-1, 0, 1$ of the first layer; their windows begin at $-3, -1, 1$, and the last one ends before pixel
# $1 + 5 = 6$. So the edge is $-3$, the field $6 - (-3) = 9$, the stride 2. The answer is $(9, 2, -3)$.


# %% exercise="receptive_field"
def receptive_field(layers):
    """Window of a unit of the last layer, in pixels of the image.

    layers: list of tuples (kernel, stride, padding), from the image up; may be empty.
    Returns a tuple (field, stride, edge) of integers.
    """
    ### BEGIN SOLUTION
    field, step, edge = 1, 1, 0
    for kernel, stride, padding in layers:
        field += (kernel - 1) * step
        edge -= padding * step
        step *= stride
    return field, step, edge
    ### END SOLUTION


# %% check="receptive_field"
check("receptive_field", receptive_field)

# %% [markdown] lang="ru"
# <details><summary>Верно для одного слоя, но не для двух</summary>
#
# Ядро второго слоя измеряется в нейронах первого. Через сколько пикселей стоят соседние нейроны первого слоя?
# </details>
# <details><summary>Окно на пиксель больше или меньше</summary>
#
# Нарисуйте на бумаге два слоя с ядром 3 и шагом 1: окно получится 5, а не 6.
# </details>
# <details><summary>Окно верное, а начало нет</summary>
#
# Дополнение слоя тоже измеряется в нейронах карты под ним и сдвигает окно влево.
# </details>

# %% [markdown] lang="en"
# <details><summary>Right for one layer, not for two</summary>
#
# The second layer's kernel is measured in units of the first. How many pixels apart are neighbouring units
# of the first layer?
# </details>
# <details><summary>The window is a pixel too large or too small</summary>
#
# Draw two layers with kernel 3 and stride 1 on paper: the window comes out as 5, not 6.
# </details>
# <details><summary>The field is right, the edge is not</summary>
#
# A layer's padding is in units of the map below it too, and moves the window to the left.
# </details>

# %% [markdown] lang="ru"
# ## 2. Окно нейрона на изображении
# *10 минут*
#
# Найдите прямоугольник пикселей, который видит нейрон, и обрежьте его по границе изображения: снаружи
# пикселей нет. Окно квадратное, по строкам и столбцам числа одни и те же.
#
# Пример. Окно 9, шаг 2, начало $-3$; изображение высотой 20 и шириной 30; нейрон в строке 1 и столбце 12.
# По строкам окно начинается в $2 \cdot 1 - 3 = -1$ и кончается перед $-1 + 9 = 8$, по столбцам
# начинается в $2 \cdot 12 - 3 = 21$ и кончается перед 30. Внутри изображения остаётся $(0, 21, 8, 30)$, и
# `image[:, 0:8, 21:30]` — это и есть кусочек.

# %% [markdown] lang="en"
# ## 2. A unit's window on the image
# *10 minutes*
#
# Find the rectangle of pixels that a unit sees, clipped at the border of the image: outside there are no
# pixels. The window is square, and the numbers are the same for rows and columns.
#
# An example. Field 9, stride 2, edge $-3$; an image of height 20 and width 30; the unit in row 1 and column
# 12. Along the rows the window begins at $2 \cdot 1 - 3 = -1$ and ends before $-1 + 9 = 8$; along the
# columns it begins at $2 \cdot 12 - 3 = 21$ and ends before 30. Inside the image $(0, 21, 8, 30)$ is left,
# and `image[:, 0:8, 21:30]` is the patch.


# %% exercise="unit_box"
def unit_box(geometry, unit, size):
    """Pixels that a unit sees, inside the image.

    geometry: tuple (field, stride, edge), as `receptive_field` returns it.
    unit: tuple (row, column) of the unit in its map. size: tuple (height, width) of the image.
    Returns a tuple (top, left, bottom, right) of integers; bottom and right are not included.
    """
    ### BEGIN SOLUTION
    field, stride, edge = geometry
    starts = [stride * index + edge for index in unit]
    top, left = (max(start, 0) for start in starts)
    bottom, right = (min(start + field, end) for start, end in zip(starts, size))
    return top, left, bottom, right
    ### END SOLUTION


# %% check="unit_box"
check("unit_box", unit_box)

# %% [markdown] lang="ru"
# <details><summary>Отрицательные числа в ответе</summary>
#
# Для питона `image[:, -1:8]` — не «с первой строки», а «с последней». Начало окна не может быть меньше нуля.
# </details>
# <details><summary>У края окно слишком большое</summary>
#
# Конец окна отсчитывается от его настоящего начала, а не от обрезанного.
# </details>
# <details><summary>На квадратных изображениях верно, на остальных нет</summary>
#
# И нейрон, и размер заданы в порядке «строка, столбец» — «высота, ширина».
# </details>

# %% [markdown] lang="en"
# <details><summary>Negative numbers in the answer</summary>
#
# To Python `image[:, -1:8]` does not mean "from the first row" but "from the last". The window can't begin
# below zero.
# </details>
# <details><summary>At the border the window is too large</summary>
#
# The window's end counts from its true beginning, not from the clipped one.
# </details>
# <details><summary>Right on square images, wrong on others</summary>
#
# Both the unit and the size come in the order "row, column", "height, width".
# </details>

# %% [markdown] lang="ru"
# ## 3. Лучшие кусочки
# *20 минут*
#
# Для каждого фильтра найдите места с самым сильным откликом. Правила те же, что на лекции:
# - от изображения берём один кусочек: место самого сильного отклика фильтра в нём;
# - кусочки стоят по убыванию отклика, не больше `count` на фильтр;
# - при равных откликах раньше идёт изображение с меньшим номером, а внутри изображения — первое место в
#   порядке чтения;
# - отклик считается, только если он больше нуля. У «мёртвого» фильтра список пуст.
#
# Пример. Один фильтр, три изображения, карты $1 \times 3$: $(1, 5, 5)$, $(0, 0, 0)$ и $(7, 2, 0)$;
# `count` равен 3. Ответ: `[[(2, 0, 0), (0, 0, 1)]]`. Во втором изображении фильтр не откликнулся, кусочков
# всего два.

# %% [markdown] lang="en"
# ## 3. The best patches
# *20 minutes*
#
# For every filter find the places with the strongest response. The rules are the lecture's:
# - one patch an image: the place of the filter's strongest response in it;
# - the patches are in falling order of response, at most `count` a filter;
# - of equal responses the image with the lower number comes first, and within an image the first place in
#   reading order;
# - a response counts only if it is greater than zero. A "dead" filter has an empty list.
#
# An example. One filter, three images, maps $1 \times 3$: $(1, 5, 5)$, $(0, 0, 0)$ and $(7, 2, 0)$; `count`
# is 3. The answer is `[[(2, 0, 0), (0, 0, 1)]]`. In the second image the filter did not respond, so there are
# two patches only.


# %% exercise="best_patches"
def best_patches(responses, count):
    """Where each filter responds most, one place an image.

    responses: (N, filters, h, w) tensor of floats: a layer's answer to N images.
    count: how many patches of each filter at most.
    Returns a list with a list for each filter; its items are tuples of integers
    (image, row, column), the strongest first.
    """
    ### BEGIN SOLUTION
    width = responses.shape[3]
    strongest, places = responses.flatten(2).max(dim=2)  # both (N, filters)
    answer = []
    for values, spots in zip(strongest.T.tolist(), places.T.tolist()):
        fired = [image for image, value in enumerate(values) if value > 0]
        fired.sort(key=lambda image: -values[image])  # keeps the order of equal ones
        answer.append([(image, *divmod(spots[image], width)) for image in fired[:count]])
    return answer
    ### END SOLUTION


# %% check="best_patches"
check("best_patches", best_patches)

# %% [markdown] lang="ru"
# <details><summary>Одно изображение встречается в строке дважды</summary>
#
# Сначала в каждом изображении найдите одно место, потом сравнивайте изображения.
# </details>
# <details><summary>Столбец больше ширины карты</summary>
#
# После `flatten` строки лежат одна за другой. На сколько чисел сдвигается место, когда переходишь на
# строку ниже?
# </details>
# <details><summary>Расходится только при равных откликах</summary>
#
# `topk` и `sort` не обещают порядка равных. У `torch.sort` есть параметр `stable`, а сортировка списков
# питона устойчива всегда.
# </details>
# <details><summary>Числа верны, но тип не тот</summary>
#
# Число из тензора — всё ещё тензор. Обычное число делает `int(...)`, а сразу все — `tolist()`.
# </details>

# %% [markdown] lang="en"
# <details><summary>An image stands in a row twice</summary>
#
# First find one place in every image, then compare the images.
# </details>
# <details><summary>The column is larger than the map is wide</summary>
#
# After `flatten` rows lie one after another. By how many numbers does a place move when you go one row
# down?
# </details>
# <details><summary>It goes wrong only with equal responses</summary>
#
# `topk` and `sort` promise no order of equal ones. `torch.sort` has a parameter `stable`, and sorting
# Python's lists is always stable.
# </details>
# <details><summary>The numbers are right, the type is not</summary>
#
# A number out of a tensor is a tensor still. `int(...)` makes a plain number, `tolist()` all at once.
# </details>

# %% [markdown] lang="ru"
# Если первые три упражнения готовы, эта ячейка покажет кусочки для шести фильтров третьего слоя: фильтр в
# строке, самый сильный отклик слева.

# %% [markdown] lang="en"
# If the first three exercises are done, this cell shows the patches of six filters of layer 3: a filter in
# a row, the strongest response on the left.

# %%
try:
    with torch.no_grad():
        answer = network.features[:3](images)
    geometry = receptive_field([(8, 2, 3), (2, 2, 0), (5, 1, 2), (2, 2, 0), (3, 1, 1)])
    figure, axes = plt.subplots(6, 5, figsize=(5, 6), layout="constrained")
    for row, patches in zip(axes, best_patches(answer, 5)[::16], strict=True):
        for ax, (image, *unit) in zip(row, patches, strict=False):
            top, left, bottom, right = unit_box(geometry, unit, (64, 64))
            ax.imshow(images[image, :, top:bottom, left:right].permute(1, 2, 0))
        for ax in row:
            ax.axis("off")
except NotImplementedError:
    plt.close()
    print("Do the exercises above first.")

# %% [markdown] lang="ru"
# ## 4. Изображение класса
# *20 минут*
#
# Найдите изображения, на которых логиты заданных классов велики, а сами изображения — нет:
#
# $$a_y(x) - \lambda \|x\|_2^2 \rightarrow \max_x$$
#
# Сделайте `steps` шагов подъёма $x \leftarrow x + \text{step} \cdot g$, где $g$ — градиент этого выражения по
# $x$. Изображений столько, сколько классов, и каждое поднимается так, как если бы оно было одно. Сеть после
# вызова должна остаться какой была: те же веса, тот же режим, обучаются те же параметры. Пиксели обрезать
# не надо: ноль здесь означает серый цвет.
#
# Пример. Линейная модель с двумя классами, $a_0(x) = 2 x_1 - x_2$, одно изображение $x = (1, 0)$, класс 0,
# $\lambda = 0{,}25$, шаг 0,5. Градиент $(2, -1) - 2 \cdot 0{,}25 \cdot (1, 0) = (1{,}5;\, -1)$. После одного
# шага $x = (1{,}75;\, -0{,}5)$, а после многих шагов получится $(4, -2)$: это
# $w / (2 \lambda)$.

# %% [markdown] lang="en"
# ## 4. The picture of a class
# *20 minutes*
#
# Find images on which the logits of given classes are large, while the images are not:
#
# $$a_y(x) - \lambda \|x\|_2^2 \rightarrow \max_x$$
#
# Make `steps` steps of ascent $x \leftarrow x + \text{step} \cdot g$, where $g$ is the gradient of this
# expression by $x$. There are as many images as classes, and each climbs as if it were alone. After the call
# the network must be as it was: the same weights, the same mode, the same parameters that learn. Don't clip
# the pixels: zero means grey here.
#
# An example. A linear model with two classes, $a_0(x) = 2 x_1 - x_2$, one image $x = (1, 0)$, class 0,
# $\lambda = 0.25$, step 0.5. The gradient is $(2, -1) - 2 \cdot 0.25 \cdot (1, 0) = (1.5,\, -1)$. After one
# step $x = (1.75,\, -0.5)$, and after many steps it will be $(4, -2)$, which is $w / (2 \lambda)$.


# %% exercise="maximise_class"
def maximise_class(model, classes, start, lambda_, step, steps):
    """Climb a_y(x) - lambda_ * ||x||^2 from a given start, each image for its own class.

    model: network in evaluation mode, images (N, C, H, W) -> logits (N, K).
    classes: list of N class numbers. start: (N, C, H, W) tensor of floats.
    lambda_, step: floats. steps: number of steps, at least 1.
    Returns the images after the last step: (N, C, H, W), without gradient.
    """
    ### BEGIN SOLUTION
    x = start
    for _ in range(steps):
        x = x.detach().requires_grad_()
        logits = model(x)[range(len(classes)), classes]
        objective = logits.sum() - lambda_ * x.square().sum()
        (gradient,) = torch.autograd.grad(objective, x)
        x = x + step * gradient
    return x.detach()
    ### END SOLUTION


# %% check="maximise_class"
check("maximise_class", maximise_class)

# %% [markdown] lang="ru"
# <details><summary>Первый шаг верен, следующие слишком длинные</summary>
#
# `backward()` прибавляет градиент к тому, что уже лежит в `x.grad`.
# </details>
# <details><summary>Одно изображение верно, а с двумя нет</summary>
#
# `model(x)[:, classes]` — матрица, в ней каждому изображению достались все классы. А `mean()` по пакету
# делит градиент на число изображений.
# </details>
# <details><summary>RuntimeError: can't call requires_grad_ on a non-leaf tensor</summary>
#
# После шага `x` помнит, как был получен. Оборвите историю: `detach()`.
# </details>
# <details><summary>Меняются веса сети или список обучаемых параметров</summary>
#
# Градиент нужен только по изображению: `torch.autograd.grad(objective, x)` ничего больше не трогает.
# </details>

# %% [markdown] lang="en"
# <details><summary>The first step is right, the next ones are too long</summary>
#
# `backward()` adds the gradient to what lies in `x.grad` already.
# </details>
# <details><summary>Right for one image, wrong for two</summary>
#
# `model(x)[:, classes]` is a matrix, in which every image gets all the classes. And `mean()` over the batch
# divides the gradient by the number of images.
# </details>
# <details><summary>RuntimeError: can't call requires_grad_ on a non-leaf tensor</summary>
#
# After a step `x` remembers how it came about. Cut its history off: `detach()`.
# </details>
# <details><summary>The network's weights change, or which parameters learn</summary>
#
# The gradient is needed for the image alone: `torch.autograd.grad(objective, x)` touches nothing else.
# </details>

# %% [markdown] lang="ru"
# Посмотрим на шесть изображений классов нашей сети. Проверка их не оценивает: похожи ли они на фигуры,
# решать вам. Об этом последний вопрос задания.

# %% [markdown] lang="en"
# Look at the pictures of our network's six classes. The check does not mark them: whether they look like
# the shapes is for you to say. The last question of the assignment is about that.


# %%
class AboutGrey(nn.Module):
    """The network for pixels counted from grey: gets x + 0.5."""

    def forward(self, x):
        return network(x + 0.5)


try:
    noise = 0.1 * torch.randn(6, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    found = maximise_class(AboutGrey().eval(), list(range(6)), noise, 0.03, 0.3, 60)
    figure, axes = plt.subplots(1, 6, figsize=(9, 1.8), layout="constrained")
    for ax, image, name in zip(axes, found, drawn.classes, strict=True):
        ax.imshow((image + 0.5).clamp(0, 1).permute(1, 2, 0))
        ax.set_title(name, fontsize=9)
        ax.axis("off")
except NotImplementedError:
    print("Do the exercise above first.")

# %% [markdown] lang="ru"
# ## 5. Сон сети
# *25 минут*
#
# Измените изображения так, чтобы выбранный слой увидел на них больше того, что и так видит: сделайте
# `steps` шагов вверх по норме отклика слоя,
#
# $$x \leftarrow \operatorname{clip}
# \Bigl(x + \text{step} \cdot \frac{g}{\operatorname{mean}|g|},\ 0,\ 1\Bigr),
# \qquad g = \nabla_x \|\text{layer}(x)\|_2.$$
#
# Норма — корень из суммы квадратов всех чисел, которыми слой ответил на это изображение;
# $\operatorname{mean}|g|$ — среднее по всем пикселям и каналам одного изображения. Отклик слоя достаньте с
# помощью hook. Шаги делаются в режиме `eval()`, а после вызова сеть остаётся такой, какой была: режим
# каждой части, веса, никаких лишних hook.
#
# Пример. Изображение из двух чисел $x = (0{,}5;\, 0{,}9)$, слой отвечает $(3 x_1, 4 x_2)$, шаг 0,2. Ответ
# слоя $(1{,}5;\, 3{,}6)$, его норма 3,9, градиент $(9 \cdot 0{,}5 / 3{,}9;\ 16 \cdot 0{,}9 / 3{,}9) \approx
# (1{,}15;\, 3{,}69)$, среднее модулей 2,42. После шага $x \approx (0{,}595;\, 1{,}205)$, второе число
# обрезается до 1.

# %% [markdown] lang="en"
# ## 5. A network's dream
# *25 minutes*
#
# Change images so that a chosen layer sees more of what it sees there anyway: make `steps` steps up the norm
# of the layer's answer,
#
# $$x \leftarrow \operatorname{clip}
# \Bigl(x + \text{step} \cdot \frac{g}{\operatorname{mean}|g|},\ 0,\ 1\Bigr),
# \qquad g = \nabla_x \|\text{layer}(x)\|_2.$$
#
# The norm is the root of the sum of squares of all numbers that the layer answers to this image;
# $\operatorname{mean}|g|$ is the mean over all pixels and channels of one image. Get the layer's answer by a
# hook. The steps are made in the mode `eval()`, and after the call the network is as it was: the mode of
# each part, the weights, no hook left behind.
#
# An example. An image of two numbers $x = (0.5,\, 0.9)$, the layer answers $(3 x_1, 4 x_2)$, step 0.2. The
# layer's answer is $(1.5,\, 3.6)$, its norm 3.9, the gradient $(9 \cdot 0.5 / 3.9,\ 16 \cdot 0.9 / 3.9)
# \approx (1.15,\, 3.69)$, the mean absolute value 2.42. After the step $x \approx (0.595,\, 1.205)$, and
# the second number is clipped to 1.


# %% exercise="dream"
def dream(network, layer, pictures, step, steps):
    """Images on which a layer answers more strongly.

    network: nn.Module, left as it was. layer: dotted name, as in network.named_modules();
    it runs once in a pass. pictures: (N, C, H, W) tensor of floats in [0, 1].
    step: how far a pixel moves on average. steps: number of steps, at least 1.
    Returns (N, C, H, W) in [0, 1], without gradient; each image dreams alone.
    """
    ### BEGIN SOLUTION
    norms = []

    def remember(_layer, _inputs, output):
        norms.append(output.clone().flatten(1).norm(dim=1))

    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    handle = network.get_submodule(layer).register_forward_hook(remember)
    x = pictures
    for _ in range(steps):
        x = x.detach().requires_grad_()
        network(x)
        (gradient,) = torch.autograd.grad(norms.pop().sum(), x)
        size = gradient.abs().mean(dim=(1, 2, 3), keepdim=True)
        x = (x + step * gradient / size).clamp(0, 1)
    handle.remove()
    for module, training in modes:
        module.training = training
    return x.detach()
    ### END SOLUTION


# %% check="dream"
check("dream", dream)

# %% [markdown] lang="ru"
# <details><summary>Одно изображение верно, а в пакете нет</summary>
#
# Среднее модулей у каждого изображения своё. Какие оси должны остаться?
# </details>
# <details><summary>Расходится, когда за слоем стоит ReLU(inplace=True)</summary>
#
# Следующий слой пишет свой ответ в тот же тензор. Работайте в hook с копией
# ответа. По той же причине может появиться RuntimeError: a variable needed for gradient computation has
# been modified by an inplace operation.
# </details>
# <details><summary>element 0 of tensors does not require grad</summary>
#
# Изображению нужен `requires_grad_()` до прохода через сеть, а в hook нельзя вызывать `detach()`.
# </details>
# <details><summary>После вызова сеть в другом режиме</summary>
#
# `network.train()` переводит в режим обучения все части, в том числе те, что были в режиме `eval`. Запомните
# режим каждой.
# </details>

# %% [markdown] lang="en"
# <details><summary>Right for one image, wrong in a batch</summary>
#
# The mean absolute value is each image's own. Which axes should stay?
# </details>
# <details><summary>It goes wrong where ReLU(inplace=True) comes after the layer</summary>
#
# The next layer writes its answer into the same tensor. Work on a copy in the
# hook. The same reason can give RuntimeError: a variable needed for gradient computation has been modified
# by an inplace operation.
# </details>
# <details><summary>element 0 of tensors does not require grad</summary>
#
# The image needs `requires_grad_()` before it goes through the network, and the hook must not call
# `detach()`.
# </details>
# <details><summary>After the call the network is in another mode</summary>
#
# `network.train()` puts all parts into training mode, also those that were in the mode `eval`. Remember the
# mode of each one.
# </details>

# %%
try:
    dreams = dream(network, "features.layer3", images[:5], 0.01, 20)
    figure, axes = plt.subplots(2, 5, figsize=(8, 3.3), layout="constrained")
    for column, pair in zip(axes.T, zip(images, dreams)):
        for ax, image in zip(column, pair, strict=True):
            ax.imshow(image.permute(1, 2, 0))
            ax.axis("off")
except NotImplementedError:
    print("Do the exercise above first.")

# %% [markdown] lang="ru"
# ## 6. Узнать фигуру по сработавшим фильтрам
# *25 минут*
#
# Насколько много знают фильтры? Возьмём шесть фигур, которых сеть никогда не видела, и оставим от изображения
# только одно: какие фильтры выбранного слоя где-нибудь **сработали**, то есть чей самый сильный отклик в
# изображении больше порога. Это вектор из нулей и единиц, без мест и без величин. Обучите на нём линейную
# модель.
#
# У вас по двадцать изображений каждой фигуры. Требуется **не меньше 75 %** верных ответов на новых
# изображениях, которых вы не увидите. Слой и пороги выберите сами; порог у каждого фильтра может быть свой,
# но определить его надо один раз, по `some_images`. Обучение должно занимать меньше минуты; хватит нескольких
# секунд. Ответ для изображения не должен зависеть от того, с какими другими его подали.

# %% [markdown] lang="en"
# ## 6. Recognise a shape by the filters that fired
# *25 minutes*
#
# How much do filters know? Take six shapes that the network has never seen, and keep one thing only of an
# image: which filters of a chosen layer **fired** anywhere, that is, whose strongest response in the image is
# above a threshold. That is a vector of zeros and ones, without places and without sizes. Train a linear
# model on it.
#
# You have twenty images of each shape. Required are **at least 75%** right answers on new images that you
# will not see. Choose the layer and the thresholds yourself; every filter may have its own, but it is to be
# set once, on `some_images`. Training should take less than a minute; a few seconds are enough. The answer to
# an image must not depend on which others come with it.

# %%
some = ShapesClassification(OTHER_SHAPES, per_class=20, seed=1)
some_images = some.images.float() / 255  # (120, 3, 64, 64), RGB in [0, 1]
some_labels = some.targets  # (120,), 0..5
print("new shapes:", ", ".join(some.classes))


# %% exercise="which_fire"
def strongest(images):
    """The strongest response of each filter of a layer in each image: (N, filters)."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        return eyes.features(images).amax(dim=(2, 3))
    ### END SOLUTION


def trained_on(features, labels):
    """A linear model of six classes, trained on features of zeros and ones (N, filters)."""
    ### BEGIN SOLUTION
    torch.manual_seed(0)
    linear = nn.Linear(features.shape[1], 6)
    descent = torch.optim.AdamW(linear.parameters(), lr=1e-2, weight_decay=0.1)
    for _ in range(200):
        loss = F.cross_entropy(linear(features), labels)
        descent.zero_grad()
        loss.backward()
        descent.step()
    return linear
    ### END SOLUTION


def classify(images):
    """Labels of images by which filters fire, with the model trained in this cell.

    images: (N, 3, 64, 64) tensor, RGB in [0, 1].
    Returns an (N,) tensor of labels 0..5, integers.
    """
    ### BEGIN SOLUTION
    fires = (strongest(images) > thresholds).float()
    with torch.no_grad():
        return linear(fires).argmax(dim=1)
    ### END SOLUTION


eyes = small_net()
thresholds = strongest(some_images).median(dim=0).values  # change it if you like
linear = trained_on((strongest(some_images) > thresholds).float(), some_labels)

# %% check="which_fire"
check("which_fire", classify)

# %% [markdown] lang="ru"
# <details><summary>Верных ответов не больше половины</summary>
#
# Из какого слоя вы берёте отклики? Вспомните лекцию: что ищут первые слои, а что последние?
# </details>
# <details><summary>Все признаки одинаковы</summary>
#
# После ReLU почти каждый фильтр где-нибудь даёт больше нуля. Порог ноль ничего не различает: пусть фильтр
# срабатывает примерно на половине изображений.
# </details>
# <details><summary>Одно изображение получает другую метку, чем в пакете</summary>
#
# Порог, найденный по пришедшему пакету, у каждого пакета свой.
# </details>
# <details><summary>На своих изображениях верно всё, на новых — мало</summary>
#
# Признаков больше, чем изображений: штраф на веса (`weight_decay`) или меньше шагов.
# </details>
# <details><summary>Проходит, но впритык</summary>
#
# При выставлении оценки изображения будут другими, и доля верных ответов сдвинется на несколько процентов в
# любую сторону. Нужен запас: попробуйте соседний слой.
# </details>

# %% [markdown] lang="en"
# <details><summary>No more than half of the answers are right</summary>
#
# From which layer do you take the responses? Remember the lecture: what do the first layers look for, and
# what the last?
# </details>
# <details><summary>All features are the same</summary>
#
# After ReLU almost every filter gives more than zero somewhere. A threshold of zero tells nothing apart:
# let a filter fire on about half of the images.
# </details>
# <details><summary>An image by itself gets another label than in a batch</summary>
#
# A threshold found on the batch that came is another one for every batch.
# </details>
# <details><summary>All right on the images at hand, little on new ones</summary>
#
# There are more features than images: a penalty on the weights (`weight_decay`), or fewer steps.
# </details>
# <details><summary>It passes, but only just</summary>
#
# For the mark the images will be others, and the share of right answers moves by a few per cent either way.
# Have some room: try the next layer.
# </details>

# %% [markdown] lang="ru"
# ## 7. Вопрос
# *15 минут*
#
# Сеть различает породы собак. Для класса «хаски» максимизацией класса построили изображение: на нём видны
# светлые пятна, похожие на снег, и что-то вроде ушей. Сеть уверена в нём на 99,9 %. Коллега пишет в отчёт:
# «Сеть узнаёт хаски по снегу. Изображение класса — это то, как сеть представляет себе хаски».
#
# 1. Что такое изображение говорит о сети, а чего не говорит? Верен ли вывод коллеги?
# 2. От каких решений того, кто строил изображение, зависит, что на нём видно? Назовите два и скажите, как
#    проверить, что увиденное — не их следствие.
# 3. Какой опыт на фотографиях показал бы, что сеть пользуется снегом?
#
# Ответьте в ячейке ниже, по два-три предложения на каждый пункт.

# %% [markdown] lang="en"
# ## 7. A question
# *15 minutes*
#
# A network tells breeds of dogs apart. Class maximisation built a picture for the class "husky": there are
# light patches like snow in it and something like ears. The network is 99.9% sure of it. A colleague writes
# in a report: "The network knows a husky by the snow. The picture of a class is how the network imagines a
# husky".
#
# 1. What does such a picture tell about the network, and what not? Is the colleague's conclusion right?
# 2. On which decisions of the person who built the picture does it depend what is visible there? Name two,
#    and say how to check that what is seen does not come from them.
# 3. Which experiment on photographs would show that the network uses snow?
#
# Answer in the cell below, two or three sentences for each part.

# %% [markdown] essay="essay"
# **По-русски**
#
# 1. Оно показывает одну точку, где логит класса велик: то, что на ней есть, логит *может* поднять. Оно не
#    говорит, чем сеть пользуется на настоящих фотографиях и без чего не обойдётся: такого изображения среди
#    данных нет, а максимумов много. Уверенность ничего не доказывает: её можно получить и на шуме. Вывод
#    коллеги — гипотеза, которую надо проверить.
# 2. От $\lambda$ и других штрафов (размытие, вариация), начального шума, числа шагов, того, поднимали
#    логит или вероятность. Проверка: повторить с разными начальными изображениями и разными $\lambda$ и
#    верить только тому, что повторяется; сделать то же с сетью со случайными весами, где ничего похожего быть не должно.
# 3. Взять фотографии хаски и других собак, закрыть или заменить снег (и, для сравнения, такую же площадь
#    без снега), посадить других собак на снег и сравнить логиты. Если снег важен, логит хаски упадёт, а у
#    других собак на снегу вырастет, причём в среднем по многим фотографиям.
#
# **In English**
#
# 1. It shows one point where the logit of the class is large: what is there *can* raise the logit. It does
#    not tell what the network uses on real photographs, nor what it can't do without: no such picture is in
#    the data, and there are many maxima. Sureness proves nothing, for noise can have it too. The colleague's
#    conclusion is a hypothesis to be tested.
# 2. On $\lambda$ and other penalties (blur, variation), the noise at the start, the number of steps, whether
#    the logit or the probability was climbed. The check: repeat with other starts and other $\lambda$ and
#    trust only what repeats; do the same with a network of random weights, where nothing like it should
#    appear.
# 3. Take photographs of huskies and of other dogs, cover or replace the snow (and, to compare, the same area
#    without snow), put other dogs on snow, and compare logits. If snow matters, the husky's logit falls, and
#    that of other dogs on snow grows, on average over many photographs.
#
# ### BEGIN MARK SCHEME
# **Как оценивать.** Каждый пункт — треть баллов.
#
# - Пункт 1: изображение показывает, что поднимает логит, но не то, чем сеть пользуется на данных;
#   уверенность вне данных ничего не значит. Половина за что-то одно.
# - Пункт 2: два решения и проверка: повторы с другими настройками или сеть со случайными весами. Половина,
#   если проверки нет.
# - Пункт 3: вмешательство (закрыть, заменить, добавить снег), много фотографий и сравнение с таким же
#   изменением без снега. Половина, если сравнивать не с чем. Подсчёт, как часто снег встречается у хаски в
#   обучающих данных, сам по себе — треть пункта.
#
# **How to mark.** Each part is a third of the points.
#
# - Part 1: the picture shows what raises the logit, not what the network uses on the data; sureness away from
#   the data means nothing. Half for one of the two.
# - Part 2: two decisions and a check: repetitions with other settings, or a network of random weights. Half
#   without a check.
# - Part 3: an intervention (cover, replace, add snow), many photographs and a comparison with the same change
#   without snow. Half if there is nothing to compare with. Counting how often there is snow in the training
#   photographs of huskies is a third of the part by itself.
# ### END MARK SCHEME

# %% [markdown] lang="ru"
# ## Как сдать
# 1. Перезапустите среду и выполните все ячейки подряд (в Colab: *Среда выполнения → Перезапустить сеанс и
#    выполнить все*). Под каждой проверкой должна быть зелёная карточка.
# 2. Выполните последнюю ячейку: она ещё раз запустит все проверки и даст файл `interpretation.ipynb`. Можно и самому:
#    *Файл → Скачать → Скачать .ipynb*.
# 3. Загрузите файл туда, где вы получили задание. Ячейки с проверками не удаляйте и не меняйте.
#
# Не получилось какое-то упражнение — сдавайте остальные: каждое оценивается отдельно.

# %% [markdown] lang="en"
# ## How to hand in
# 1. Restart and run all cells in order (in Colab: *Runtime → Restart session and run all*). Under every
#    check there should be a green card.
# 2. Run the last cell: it runs all checks once more and gives you the file `interpretation.ipynb`. Or take it yourself:
#    *File → Download → Download .ipynb*.
# 3. Upload the file where you got the assignment. Don't delete or change the cells with checks.
#
# If some exercise did not work out, hand in the others: each is marked by itself.
