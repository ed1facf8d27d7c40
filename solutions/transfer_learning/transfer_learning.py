# %% [markdown] lang="ru"
# # Перенос знаний и дообучение
#
# **После этого задания вы сможете**
# - взять чужую обученную сеть и поставить в неё последний слой для своих классов;
# - заморозить часть сети так, чтобы в ней и правда ничего не менялось;
# - доставать признаки из любого слоя и находить лучшую линейную модель на них;
# - обучать слои с разным шагом и распознать шесть новых классов, имея всего шестьдесят изображений.
#
# **Время:** около двух часов. Упражнения идут от простых к сложным; в последнем пригодятся ваши функции из
# первых пяти.
#
# **Как устроена проверка.** Под каждым решением стоит ячейка с `check(...)`. Запускайте её сколько угодно
# раз: она скажет, что не так, и покажет самый маленький пример, на котором ответ расходится с верным. При
# выставлении оценки те же проверки пройдут на других данных. Сеть в карточке проверки записана её слоями;
# запись `Parts(features=..., classifier=...)` означает модуль, части которого выполняются одна за другой.
#
# **Правила.** Пишите код на месте строки `raise NotImplementedError()`; свои вспомогательные функции
# можно добавлять где угодно. Библиотеки, которые всё это делают сами (`timm`, `sklearn`,
# `torchvision.models.feature_extraction`), и функции из `course_utils.reference` в решении использовать
# нельзя. Сравнивать с ними свой ответ в отдельной ячейке можно и полезно.
# При выставлении оценки есть стандартная библиотека Python, `torch`, `torchvision`, `numpy`, `matplotlib`,
# `PIL` и `tqdm`; других библиотек (`pandas`, `cv2`) и GPU там нет.

# %% [markdown] lang="en"
# # Transfer learning and fine-tuning
#
# **After this assignment you will be able to**
# - take somebody's trained network and give it a last layer for your own classes;
# - freeze a part of a network so that nothing in it changes indeed;
# - get features out of any layer and find the best linear model on them;
# - train layers at different rates, and recognise six new classes from no more than sixty images.
#
# **Time:** about two hours. The exercises grow harder; the last one has a use for your functions from the
# first five.
#
# **How checking works.** Under each solution there is a cell with `check(...)`. Run it as often as you
# like: it says what is wrong and shows the smallest example on which your answer departs from the right
# one. For the mark, the same checks run on other data. A check's card writes a network as its layers;
# `Parts(features=..., classifier=...)` means a module whose parts run one after another.
#
# **Rules.** Write your code in place of `raise NotImplementedError()`; add helper functions of your own
# anywhere. Libraries that do all this by themselves (`timm`, `sklearn`,
# `torchvision.models.feature_extraction`) and the functions of `course_utils.reference` may not be used in
# a solution. Comparing your answer with them in a cell of your own is allowed, and wise.
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

print("the network knows:", ", ".join(kind.name for kind in SHAPES))
print("it is to learn:   ", ", ".join(kind.name for kind in OTHER_SHAPES))
print(small_net())

# %% [markdown] lang="ru"
# ## 1. Новый последний слой
# *10 минут*
#
# Последний слой обученной сети отвечает на чужой вопрос: у него столько выходов, сколько классов было в
# исходной задаче. Замените его новым, с `num_classes` выходами; все остальные слои должны остаться
# прежними.
#
# Последним назовём тот слой `nn.Linear` или `nn.Conv2d`, который идёт последним в
# `network.named_modules()`. После него могут стоять слои без весов, а сам он может лежать глубоко внутри
# сети. Новый слой наследует от старого всё, кроме числа выходов и самих весов: число входов, наличие
# сдвига, ядро, шаг, дополнение, раздутие, тип чисел и устройство. Веса нового слоя случайные, и он
# обучается, даже если остальная сеть заморожена.
#
# Пример. В сети `Flatten(), Linear(48, 5), ReLU(), Linear(5, 4)` всего
# $48 \cdot 5 + 5 = 245$ и $5 \cdot 4 + 4 = 24$, то есть 269 параметров. Для трёх классов последний слой —
# `Linear(5, 3)`, в нём $5 \cdot 3 + 3 = 18$ параметров, и в сети их становится 263.

# %% [markdown] lang="en"
# ## 1. A new last layer
# *10 minutes*
#
# The last layer of a trained network answers somebody else's question: it has as many outputs as there were
# classes in the first task. Put a new one with `num_classes` outputs in its place; all other layers must
# stay.
#
# We call last the `nn.Linear` or `nn.Conv2d` that comes last in `network.named_modules()`. Layers without
# weights may stand after it, and it may lie deep inside the network. The new layer takes everything from
# the old one but the number of outputs and the weights themselves: the number of inputs, whether there is a
# bias, kernel, stride, padding, dilation, dtype and device. Its weights are random, and it learns even
# where the rest is frozen.
#
# An example. The network `Flatten(), Linear(48, 5), ReLU(), Linear(5, 4)` has
# $48 \cdot 5 + 5 = 245$ and $5 \cdot 4 + 4 = 24$, in all 269 parameters. For three classes the last layer is
# `Linear(5, 3)` with $5 \cdot 3 + 3 = 18$ parameters, and the network then has 263.


# %% exercise="replace_head"
def replace_head(network, num_classes):
    """Put a new last layer with `num_classes` outputs in place of the old one.

    network: nn.Module with at least one nn.Linear or nn.Conv2d inside. May be changed.
    num_classes: number of outputs of the new layer.
    Returns the network with the new layer.
    """
    ### BEGIN SOLUTION
    kinds = nn.Linear | nn.Conv2d
    layers = [(name, m) for name, m in network.named_modules() if isinstance(m, kinds)]
    name, old = layers[-1]
    like = {"device": old.weight.device, "dtype": old.weight.dtype}
    bias = old.bias is not None
    if isinstance(old, nn.Linear):
        new = nn.Linear(old.in_features, num_classes, bias=bias, **like)
    else:
        shape = {"stride": old.stride, "padding": old.padding, "dilation": old.dilation}
        kernel = old.kernel_size
        new = nn.Conv2d(old.in_channels, num_classes, kernel, bias=bias, **shape, **like)
    path = name.split(".")
    owner = network
    for part in path[:-1]:
        owner = getattr(owner, part)
    setattr(owner, path[-1], new)
    return network
    ### END SOLUTION


# %% check="replace_head"
check("replace_head", replace_head)

# %% [markdown] lang="ru"
# <details><summary>Число выходов не изменилось</summary>
#
# `out_features` — только подпись. Размер ответа определяет матрица весов, а новую матрицу создаёт новый слой.
# </details>
# <details><summary>AttributeError: у объекта нет in_features</summary>
#
# Последняя часть сети — не обязательно последний слой с весами. Посмотрите, что даёт
# `network.named_modules()`.
# </details>
# <details><summary>Слой создан, но сеть его не видит</summary>
#
# У слоя `classifier.3` имя `3` внутри части `classifier`. Часть по имени даёт `network.get_submodule(...)`,
# а поставить в неё слой можно функцией `setattr`.
# </details>
# <details><summary>Ошибка о разных dtype или устройствах</summary>
#
# Новый слой создаётся в `float32` на процессоре, если не сказать иного. Что сказать, знает `old.weight`.
# </details>

# %% [markdown] lang="en"
# <details><summary>The number of outputs did not change</summary>
#
# `out_features` is only a label. The size of the answer is that of the matrix of weights, and a new matrix
# comes with a new layer.
# </details>
# <details><summary>AttributeError: the object has no in_features</summary>
#
# The last part of a network need not be its last layer with weights. See what `network.named_modules()`
# gives.
# </details>
# <details><summary>The layer is made, but the network does not see it</summary>
#
# The layer `classifier.3` has the name `3` inside the part `classifier`. `network.get_submodule(...)` gives
# a part by name, and `setattr` puts a layer into it.
# </details>
# <details><summary>An error about different dtypes or devices</summary>
#
# A new layer is made in `float32` on the processor unless you say otherwise. `old.weight` knows what to say.
# </details>

# %% [markdown] lang="ru"
# ## 2. Заморозить сеть
# *15 минут*
#
# Замороженная сеть не меняется, что бы ни делали с моделью, в которую она вставлена: её параметры не
# обучаются, а отвечает она всегда так, как в режиме `eval()`.
#
# Одного `requires_grad = False` мало. Пакетная нормализация хранит ещё среднее и дисперсию, накопленные за
# время обучения. Это не параметры, градиент им не нужен: в режиме обучения слой меняет их при каждом прямом
# проходе. А `.train()`, вызванный у всей модели, переводит в режим обучения все её части, и замороженную
# тоже.
#
# Пример. Слой накопил среднее 0 и дисперсию 1, `momentum` равен 0,1. На вход пришёл пакет из чисел 1 и 3:
# их среднее 2, дисперсия 1.
#
# | | ответ | накопленное среднее после прохода |
# |---|---|---|
# | режим обучения | $-1$ и $1$ | $0{,}9 \cdot 0 + 0{,}1 \cdot 2 = 0{,}2$ |
# | заморожен | $1$ и $3$ | 0 |
#
# (До $\varepsilon$ в знаменателе.) Сквозь замороженные слои градиент по-прежнему проходит: слой, который
# стоит **до** них, должен обучаться. Dropout можете оставить как есть или выключить, верно и то и другое.

# %% [markdown] lang="en"
# ## 2. Freeze a network
# *15 minutes*
#
# A frozen network does not change whatever happens to the model that it is part of: its parameters don't
# learn, and it always answers as in the mode `eval()`.
#
# `requires_grad = False` alone is too little. Batch normalisation also keeps a mean and a variance,
# gathered while training. They are no parameters and need no gradient: in training mode the layer changes
# them at every forward pass. And `.train()`, called on the whole model, puts all its parts in training
# mode, the frozen one too.
#
# An example. A layer has gathered the mean 0 and the variance 1, its `momentum` is 0.1. In comes a batch of
# the numbers 1 and 3: their mean is 2, their variance 1.
#
# | | answer | gathered mean after the pass |
# |---|---|---|
# | training mode | $-1$ and $1$ | $0.9 \cdot 0 + 0.1 \cdot 2 = 0.2$ |
# | frozen | $1$ and $3$ | 0 |
#
# (But for the $\varepsilon$ in the denominator.) A gradient still passes through frozen layers: a layer
# that stands **before** them must be able to learn. Leave dropout as it is or switch it off, either is
# right.


# %% exercise="freeze"
def freeze(network):
    """Hold a network, or a part of one, as it is, whatever is done to the model around it.

    network: nn.Module, changed in place. It may hold normalisation of any kind that keeps
    running statistics (BatchNorm1d, BatchNorm2d, ...). What is returned does not matter.
    """
    ### BEGIN SOLUTION
    for parameter in network.parameters():
        parameter.requires_grad = False

    def stay(layer, _inputs):
        layer.train(False)

    for layer in network.modules():
        if hasattr(layer, "track_running_stats"):
            layer.register_forward_pre_hook(stay)
    ### END SOLUTION


# %% check="freeze"
check("freeze", freeze)

# %% [markdown] lang="ru"
# <details><summary>Параметры по-прежнему обучаются</summary>
#
# `network.requires_grad = False` молча создаёт у модуля новый атрибут. Переключатель есть у каждого
# параметра.
# </details>
# <details><summary>running_mean меняется после .train() у модели</summary>
#
# `.train()` обходит все части и у каждой вызывает её собственный `train`. Либо пусть ваш слой не слушается
# этого вызова, либо пусть перед каждым проходом возвращается в нужный режим (`register_forward_pre_hook`).
# </details>
# <details><summary>Статистики стоят, но ответ зависит от пакета</summary>
#
# `momentum = 0` останавливает накопление, но в режиме обучения слой всё равно нормирует по пакету. Нужен
# именно режим `eval`.
# </details>
# <details><summary>Слой до замороженных больше не обучается</summary>
#
# `torch.no_grad()` и `detach()` обрывают градиент целиком. Достаточно, чтобы он не был нужен параметрам
# самой сети.
# </details>

# %% [markdown] lang="en"
# <details><summary>The parameters still learn</summary>
#
# `network.requires_grad = False` silently makes a new attribute of the module. The switch is on each
# parameter.
# </details>
# <details><summary>running_mean changes after .train() on the model</summary>
#
# `.train()` walks over all parts and calls each one's own `train`. Either let your layer disobey that call,
# or let it go back to the right mode before every pass (`register_forward_pre_hook`).
# </details>
# <details><summary>The statistics stand still, but the answer depends on the batch</summary>
#
# `momentum = 0` stops the gathering, but in training mode the layer still normalises by the batch. It has
# to be the mode `eval`.
# </details>
# <details><summary>A layer before the frozen ones learns no more</summary>
#
# `torch.no_grad()` and `detach()` cut the gradient off altogether. It is enough that the network's own
# parameters don't ask for one.
# </details>

# %% [markdown] lang="ru"
# ## 3. Признаки из середины сети
# *20 минут*
#
# Выход любого слоя — это представление изображения. Получите его, не трогая кода сети, с помощью hook:
# функции, которую слой вызывает после каждого прямого прохода.
#
# Прочесть признаки — не значит изменить сеть. После вызова в ней всё должно остаться как было: режим каждой
# части (они могут быть разными: вспомните упражнение 2), веса, накопленные статистики; лишних hook быть не
# должно. Признаки считаются в режиме `eval()` и без градиента.
#
# Пример. Первый слой сети удваивает числа, второй — `ReLU(inplace=True)`. На вход пришло $(-1, 2)$. Первый
# слой ответил $(-2, 4)$, это и есть его признаки. Но ReLU пишет свой ответ прямо в тот же тензор: кто
# сохранил сам тензор, а не копию, найдёт в нём $(0, 4)$.

# %% [markdown] lang="en"
# ## 3. Features from the middle of a network
# *20 minutes*
#
# What any layer puts out is a representation of the image. Get it without touching the network's code, by a
# hook: a function that the layer calls after each forward pass.
#
# Reading features is not changing the network. After the call all must be as before: the mode of each
# part (they may differ: remember exercise 2), weights, running statistics; and no hook may be left
# behind. Features are computed in the mode `eval()` and without gradient.
#
# An example. The first layer of a network doubles numbers, the second is `ReLU(inplace=True)`. In comes
# $(-1, 2)$. The first layer answered $(-2, 4)$, and these are its features. But ReLU writes its answer
# right into the same tensor: who kept the tensor itself and no copy will find $(0, 4)$ in it.


# %% exercise="extract_features"
def extract_features(network, images, layer):
    """What a layer of the network answers to the images, in evaluation mode.

    network: nn.Module; left as it was. images: tensor that the network takes.
    layer: dotted name of a layer, as in network.named_modules(); it runs once in a pass.
    Returns a tensor of the shape that the layer gives, without gradient.
    """
    ### BEGIN SOLUTION
    found = []

    def keep(_module, _inputs, output):
        found.append(output.clone())

    modes = [(module, module.training) for module in network.modules()]
    hook = network.get_submodule(layer).register_forward_hook(keep)
    network.train(False)
    with torch.no_grad():
        network(images)
    hook.remove()
    for module, training in modes:
        module.training = training
    return found[0]
    ### END SOLUTION


# %% check="extract_features"
check("extract_features", extract_features)

# %% [markdown] lang="ru"
# <details><summary>Признаки каждый раз другие</summary>
#
# Сеть считает в режиме обучения: dropout выбрасывает случайные числа, а нормализация смотрит на пакет.
# </details>
# <details><summary>Отрицательные числа превратились в нули</summary>
#
# Следующий слой работает на месте. Скопируйте ответ в тот момент, когда вы его получили.
# </details>
# <details><summary>После вызова не тот режим</summary>
#
# `network.train()` и `network.eval()` задают режим сразу всем частям. Запишите `module.training` каждой части
# до вызова, а потом верните.
# </details>
# <details><summary>В сети остался hook</summary>
#
# `register_forward_hook` возвращает объект с методом `remove()`.
# </details>

# %% [markdown] lang="en"
# <details><summary>The features are different every time</summary>
#
# The network computes in training mode: dropout throws random numbers out, and normalisation looks at the
# batch.
# </details>
# <details><summary>Negative numbers have become zeros</summary>
#
# The next layer works in place. Copy the answer at the moment when you get it.
# </details>
# <details><summary>Not the right mode after the call</summary>
#
# `network.train()` and `network.eval()` set the mode of all parts at once. Write down `module.training` of
# each part before the call, and give it back afterwards.
# </details>
# <details><summary>A hook is left in the network</summary>
#
# `register_forward_hook` returns an object with a method `remove()`.
# </details>

# %% [markdown] lang="ru"
# ## 4. Обучить последний слой — значит обучить линейную модель
# *25 минут*
#
# Если заморожено всё, кроме последнего слоя, то признаки $x_i$ каждого изображения — постоянные числа, а
# дообучение минимизирует
#
# $$L(W, b) = \frac{1}{N} \sum_{i=1}^N -\log \mathrm{softmax}(W x_i + b)_{y_i} +
# \frac{\lambda}{2} \sum_{k, d} W_{kd}^2$$
#
# Это логистическая регрессия: функция выпуклая, минимум у неё один, и в нём можно оказаться без всякого
# везения. Найдите его. Штраф наложен только на веса $W$, но не на сдвиг $b$.
#
# Пример. Два объекта с одним признаком: $x_1 = -1$ класса 0, $x_2 = 1$ класса 1. По симметрии $b = 0$,
# $W = (-a, a)$, и $L = \ln(1 + e^{-2a}) + \lambda a^2$. Производная равна нулю, когда
# $\lambda a (1 + e^{2a}) = 1$. При $\lambda = \frac{1}{2 \ln 3} \approx 0{,}455$ подходит
# $a = \frac{\ln 3}{2} \approx 0{,}549$, и вероятность верного класса у обоих объектов равна
# $\frac{1}{1 + e^{-2a}} = \frac{3}{4}$.
#
# Проверка сравнивает вероятности на новых объектах с точностью до 0,01. Способ ваш: градиентный спуск по всей
# выборке, `torch.optim.LBFGS`, метод Ньютона. `F.cross_entropy` разрешена.

# %% [markdown] lang="en"
# ## 4. To train the last layer is to train a linear model
# *25 minutes*
#
# If all but the last layer is frozen, the features $x_i$ of every image are constant numbers, and
# fine-tuning minimises
#
# $$L(W, b) = \frac{1}{N} \sum_{i=1}^N -\log \mathrm{softmax}(W x_i + b)_{y_i} +
# \frac{\lambda}{2} \sum_{k, d} W_{kd}^2$$
#
# That is logistic regression: the function is convex, it has one minimum, and one can get there without any
# luck. Find it. The penalty is on the weights $W$ alone, not on the bias $b$.
#
# An example. Two samples with one feature: $x_1 = -1$ of class 0, $x_2 = 1$ of class 1. By symmetry $b = 0$,
# $W = (-a, a)$, and $L = \ln(1 + e^{-2a}) + \lambda a^2$. The derivative is zero where
# $\lambda a (1 + e^{2a}) = 1$. For $\lambda = \frac{1}{2 \ln 3} \approx 0.455$ that is
# $a = \frac{\ln 3}{2} \approx 0.549$, and the probability of the true class is
# $\frac{1}{1 + e^{-2a}} = \frac{3}{4}$ for both samples.
#
# The check compares probabilities of new samples to within 0.01. The way is yours: gradient descent over
# the whole set, `torch.optim.LBFGS`, Newton's method. `F.cross_entropy` is allowed.


# %% exercise="linear_probe"
def linear_probe(features, labels, num_classes, l2):
    """The last layer at which L(W, b) is smallest, with lambda = l2.

    features: (N, D) tensor of floats. labels: (N,) tensor of integers 0..K-1, every class
    is there. num_classes: K. l2: lambda, > 0.
    Returns an nn.Linear with D inputs and K outputs.
    """
    ### BEGIN SOLUTION
    x, y = features.double(), labels.long()
    head = nn.Linear(x.shape[1], num_classes, dtype=torch.float64)
    search = torch.optim.LBFGS(head.parameters(), max_iter=500, line_search_fn="strong_wolfe")

    def objective():
        search.zero_grad()
        log_of_truth = head(x).log_softmax(dim=1)[torch.arange(len(y)), y]
        value = -log_of_truth.mean() + l2 / 2 * (head.weight**2).sum()
        value.backward()
        return value

    search.step(objective)
    return head
    ### END SOLUTION


# %% check="linear_probe"
check("linear_probe", linear_probe)

# %% [markdown] lang="ru"
# <details><summary>Вероятности близки к верным, но не совпадают</summary>
#
# Посмотрите на градиент в вашем ответе. Если он не около нуля, шагов было мало или шаг слишком велик. В
# `LBFGS` по умолчанию всего 20 итераций за один `step`.
# </details>
# <details><summary>Вероятности слишком уверенные или слишком осторожные</summary>
#
# Пройдите по формуле: среднее или сумма, половина у штрафа, сумма квадратов или их среднее. `weight_decay` в
# оптимизаторе действует и на сдвиг.
# </details>
# <details><summary>Все вероятности почти одинаковы</summary>
#
# `F.cross_entropy` сама берёт softmax; ей нужны числа до него.
# </details>
# <details><summary>Ошибка: objective takes 0 arguments, или LBFGS не двигается</summary>
#
# `LBFGS.step` вызывает переданную функцию сам. Она обнуляет градиенты, считает функцию, вызывает
# `backward()` и возвращает значение.
# </details>

# %% [markdown] lang="en"
# <details><summary>The probabilities are close to the right ones, but not equal</summary>
#
# Look at the gradient at your answer. If it is not about zero, the steps were too few, or too long. `LBFGS`
# makes only 20 iterations a `step` by default.
# </details>
# <details><summary>The probabilities are too sure, or too careful</summary>
#
# Walk through the formula: mean or sum, the half in the penalty, a sum of squares or their mean.
# `weight_decay` of an optimizer acts on the bias as well.
# </details>
# <details><summary>All probabilities are nearly equal</summary>
#
# `F.cross_entropy` takes softmax by itself; it wants the numbers before it.
# </details>
# <details><summary>An error: objective takes 0 arguments, or LBFGS does not move</summary>
#
# `LBFGS.step` calls the function that you give it. That function clears the gradients, computes the value,
# calls `backward()` and returns the value.
# </details>

# %% [markdown] lang="ru"
# ## 5. Чем ближе к началу, тем меньше шаг
# *20 минут*
#
# Если данных не совсем мало, обучают не только последний слой. Но первые слои уже хороши, и двигать их надо
# осторожнее: шаг обучения последнего слоя равен `lr`, а шаг каждого предыдущего — это шаг следующего,
# умноженный на `decay`:
#
# $$\mathrm{lr}_l = \mathrm{lr} \cdot \mathrm{decay}^{\,L - l}, \qquad l = 1, \dots, L$$
#
# Слой начинается с `nn.Conv2d` или `nn.Linear` (в порядке `network.modules()`), и к нему относится всё, что
# стоит после него до начала следующего: нормализация обучается с тем же шагом, что и её свёртка.
# Замороженный слой в счёт $L$ входит, но его параметров в ответе нет. Каждый обучаемый параметр входит
# ровно в одну группу.
#
# Пример: `Linear, ReLU, Linear, ReLU, Linear`, `lr=0.1`, `decay=0.5`. Слоёв три, шаги 0,025, 0,05 и
# 0,1. Если второй слой заморожен, остаются 0,025 и 0,1.
#
# Проверка строит из ваших групп `torch.optim.AdamW` и смотрит, насколько сдвинулся каждый параметр за один
# шаг.

# %% [markdown] lang="en"
# ## 5. The nearer to the beginning, the smaller the step
# *20 minutes*
#
# Where data are not that few, more than the last layer is trained. But the first layers are good already,
# and are to be moved with more care: the learning rate of the last layer is `lr`, and that of each one
# before is the next one's times `decay`:
#
# $$\mathrm{lr}_l = \mathrm{lr} \cdot \mathrm{decay}^{\,L - l}, \qquad l = 1, \dots, L$$
#
# A layer begins with an `nn.Conv2d` or an `nn.Linear` (in the order of `network.modules()`), and all that
# stands after it up to the next one belongs to it: normalisation learns at the rate of its convolution. A
# frozen layer counts in $L$, but its parameters are not in the answer. Every parameter that learns is in
# exactly one group.
#
# An example: `Linear, ReLU, Linear, ReLU, Linear`, `lr=0.1`, `decay=0.5`. There are three layers, and the
# rates are 0.025,
# 0.05 and 0.1. If the second layer is frozen, 0.025 and 0.1 are left.
#
# The check builds a `torch.optim.AdamW` from your groups and looks how far each parameter moves in one step.


# %% exercise="learning_rate_groups"
def learning_rate_groups(network, lr, decay):
    """Groups of parameters for an optimizer, with learning rates that fall towards the input.

    network: nn.Module; some of its parameters may be frozen (requires_grad=False).
    lr: learning rate of the last layer. decay: factor from a layer to the one before it, (0, 1].
    Returns a list of dicts {"params": list of parameters, "lr": float}.
    """
    ### BEGIN SOLUTION
    layers = []
    for module in network.modules():
        own = list(module.parameters(recurse=False))
        if isinstance(module, nn.Linear | nn.Conv2d):
            layers.append(own)
        elif len(own) > 0:
            layers[-1] += own
    groups = []
    for depth, parameters in enumerate(layers, start=1):
        learning = [p for p in parameters if p.requires_grad]
        rate = lr * decay ** (len(layers) - depth)
        if len(learning) > 0:
            groups.append({"params": learning, "lr": rate})
    return groups
    ### END SOLUTION


# %% check="learning_rate_groups"
check("learning_rate_groups", learning_rate_groups)

# %% [markdown] lang="ru"
# <details><summary>Шаг у всех один и тот же, 0,001</summary>
#
# Это шаг AdamW по умолчанию. Из группы он берёт ключ `lr`, а ключей, которых не знает, не замечает.
# </details>
# <details><summary>Первые слои почти не двигаются</summary>
#
# Вы насчитали слишком много слоёв. Вес и сдвиг — один слой, нормализация — часть слоя, у ReLU нечего обучать.
# </details>
# <details><summary>ValueError: some parameters appear in more than one parameter group</summary>
#
# `module.parameters()` у блока отдаёт параметры всех слоёв внутри него. С `recurse=False` — только его
# собственные.
# </details>
# <details><summary>Расходится, только если что-то заморожено</summary>
#
# Сначала посчитайте все слои и их шаги, потом решайте, кого оставить.
# </details>

# %% [markdown] lang="en"
# <details><summary>All rates are the same, 0.001</summary>
#
# That is AdamW's own rate. From a group it takes the key `lr`; keys that it does not know it passes over.
# </details>
# <details><summary>The first layers hardly move</summary>
#
# You counted too many layers. Weight and bias are one layer, normalisation is part of one, ReLU has nothing
# to learn.
# </details>
# <details><summary>ValueError: some parameters appear in more than one parameter group</summary>
#
# `module.parameters()` of a block gives the parameters of all layers inside it. With `recurse=False` it
# gives only its own.
# </details>
# <details><summary>It goes wrong only where something is frozen</summary>
#
# First count all layers and their rates, then decide who stays.
# </details>

# %% [markdown] lang="ru"
# ## 6. Шесть новых классов из шестидесяти изображений
# *30 минут*
#
# `small_net()` обучена на двенадцати тысячах изображений различать круг, квадрат, треугольник, звезду,
# крест и кольцо. У вас по десять изображений шести других фигур. Научите её различать эти фигуры.
#
# Требуется **не меньше 75 %** верных ответов на новых изображениях, которых вы не увидите. Это много: та же
# сеть, обученная с нуля на тех же шестидесяти изображениях, отвечает верно меньше чем на треть. Учить её
# можно как угодно: один последний слой, несколько слоёв с разными шагами, повороты и отражения изображений,
# — но только на `few_images`.
#
# Обучение должно занимать меньше минуты на двух ядрах; хватит и нескольких секунд. `classify` вызывают и для
# пакета, и для одного изображения, и ответ от этого зависеть не должен.

# %% [markdown] lang="en"
# ## 6. Six new classes from sixty images
# *30 minutes*
#
# `small_net()` was trained on twelve thousand images to tell disc, square, triangle, star, cross and ring
# apart. You have ten images each of six other shapes. Teach it to tell those apart.
#
# Required are **at least 75%** right answers on new images that you will not see. That is a lot: the same
# network, trained from scratch on the same sixty images, is right less than a third of the time. Train it as
# you like, the last layer alone, several layers at different rates, images turned and mirrored, but on
# `few_images` alone.
#
# Training should take less than a minute on two cores; a few seconds are enough. `classify` is called for a
# batch and for a single image, and the answer must not depend on that.

# %%
few = ShapesClassification(OTHER_SHAPES, per_class=10, seed=1)
few_images = few.images.float() / 255  # (60, 3, 64, 64), RGB in [0, 1]
few_labels = few.targets  # (60,), 0..5
figure, axes = plt.subplots(2, 6, figsize=(9, 3.4), layout="constrained")
for ax, image, label in zip(axes.flat, few_images, few_labels.tolist(), strict=False):
    ax.imshow(image.permute(1, 2, 0))
    ax.set_title(f"{label}: {few.classes[label]}", fontsize=9)
    ax.axis("off")


# %% exercise="fine_tune"
def fine_tuned(images, labels):
    """Teach small_net() the new classes and return it.

    images: (N, 3, 64, 64) tensor, RGB in [0, 1]. labels: (N,) tensor of labels 0..5.
    """
    ### BEGIN SOLUTION
    torch.manual_seed(0)
    network = replace_head(small_net(), num_classes=6)
    freeze(network.features[:4])
    descent = torch.optim.AdamW(learning_rate_groups(network, lr=2e-3, decay=0.5))
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(descent, 80)
    network.train()
    for step in range(80):
        chosen = torch.randperm(len(images))[:20]
        turned = images[chosen].rot90(step % 4, (2, 3))  # a turned shape is the same shape
        loss = F.cross_entropy(network(turned), labels[chosen])
        descent.zero_grad()
        loss.backward()
        descent.step()
        falling.step()
    return network.eval()
    ### END SOLUTION


def classify(images):
    """Labels of images by the network that was trained in this cell.

    images: (N, 3, 64, 64) tensor, RGB in [0, 1].
    Returns an (N,) tensor of labels 0..5, integers.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        return trained(images).argmax(dim=1)
    ### END SOLUTION


trained = fine_tuned(few_images, few_labels)

# %% check="fine_tune"
check("fine_tune", classify)

# %% [markdown] lang="ru"
# <details><summary>На своих изображениях верно всё, на новых — мало</summary>
#
# Обучается слишком много параметров, или шаг слишком велик. Начните с одного последнего слоя и посмотрите,
# что он даёт, а потом размораживайте по слою. Повёрнутая фигура остаётся собой: это бесплатные новые
# изображения.
# </details>
# <details><summary>Потери не уменьшаются</summary>
#
# Попали ли в оптимизатор параметры нового слоя? Его надо создавать после замены и заморозки. Проверьте, что
# изображения — числа от 0 до 1, а не от 0 до 255.
# </details>
# <details><summary>Одно изображение получает другую метку, чем в пакете</summary>
#
# Сеть осталась в режиме обучения.
# </details>
# <details><summary>Как понять, сколько верных ответов, не видя секретных изображений</summary>
#
# Отложите часть из шестидесяти: скажем, учитесь на семи изображениях каждого класса, а проверяйте на трёх.
# Число выйдет шумным (один ответ — больше 5 %), поэтому повторите с разным разбиением.
# </details>

# %% [markdown] lang="en"
# <details><summary>All right on the images at hand, little on new ones</summary>
#
# Too many parameters learn, or the learning rate is too large. Begin with the last layer alone, see what it
# gives, then unfreeze layer by layer. A turned shape is the same shape: these are new images for nothing.
# </details>
# <details><summary>The loss does not fall</summary>
#
# Are the parameters of the new layer in the optimizer? It has to be made after replacing and freezing. See
# that images are numbers from 0 to 1, not from 0 to 255.
# </details>
# <details><summary>An image by itself gets another label than in a batch</summary>
#
# The network is still in training mode.
# </details>
# <details><summary>How to know the share of right answers without the secret images</summary>
#
# Put some of the sixty aside: learn from seven images of each class, say, and test on three. The number
# will be noisy (one answer is more than 5%), so repeat it with other splits.
# </details>

# %% [markdown] lang="ru"
# ## 7. Вопрос
# *15 минут*
#
# По снимкам клеток под микроскопом нужно различать пять типов; размечено 400 снимков. Коллега взял сеть,
# обученную на ImageNet, заморозил в ней всё, кроме последнего слоя, и обучил его. Верных ответов: 74 % на
# обучающих снимках и 71 % на отложенных.
#
# 1. Стоит ли обучать больше слоёв? Что об этом говорят два его числа, и что бы вы сказали, будь они 100 % и
#    71 %?
# 2. Как выяснить, сколько последних слоёв обучать? Опишите опыт так, чтобы его можно было повторить и чтобы
#    разница не оказалась случайной.
# 3. Почему первым слоям дают меньший шаг? Когда это правило здесь может повредить?
#
# Ответьте в ячейке ниже, по два-три предложения на каждый пункт.

# %% [markdown] lang="en"
# ## 7. A question
# *15 minutes*
#
# Five types of cells are to be told apart in microscope pictures, and 400 pictures have labels. A colleague
# took a network trained on ImageNet, froze all of it but the last layer and trained that. Right answers:
# 74% on the training pictures, 71% on pictures put aside.
#
# 1. Is it worth training more layers? What do the two numbers say about it, and what would you say if they
#    were 100% and 71%?
# 2. How do you find out how many of the last layers to train? Describe the experiment so that it can be
#    repeated and the difference is not due to chance.
# 3. Why do the first layers get smaller steps? When can that rule do harm here?
#
# Answer in the cell below, two or three sentences for each part.

# %% [markdown] essay="essay"
# **По-русски**
#
# 1. Стоит: ошибка велика уже на обучающих снимках, значит, линейной модели на готовых признаках не хватает,
#    они плохо разделяют эти классы. Задача далека от ImageNet, это тоже за то, чтобы переучивать больше
#    слоёв. При 100 % и 71 % сеть, наоборот, запомнила снимки: новые обучаемые слои усилят переобучение, и
#    начинать надо с аугментации, штрафа на веса, новых данных (хотя и признаки могут быть плохи).
# 2. Отделить проверочную и тестовую части, лучше по пациентам. Для $k = 1, 2, \dots$ последних слоёв
#    дообучить сеть, подбирая шаг для каждого $k$ отдельно, несколько раз с разными seed (и разбиениями);
#    сравнить средние на проверочной части с разбросом между запусками; на тестовой измерить один раз, в
#    самом конце. Дешёвая разведка: линейная модель на признаках каждого слоя покажет, с какого слоя
#    признаки перестают быть полезными для новой задачи.
# 3. Фильтры первых слоёв похожи для всех задач, их незачем менять сильно, а вначале градиент от случайного
#    последнего слоя — почти шум, и большой шаг испортил бы хорошее. Но снимки под микроскопом непохожи на
#    фотографии: если и ранние слои не те, при быстром убывании шага они не успеют измениться. Тогда `decay`
#    надо брать ближе к единице.
#
# **In English**
#
# 1. Yes: the error is large on the training pictures already, so a linear model on these features is not
#    enough, they don't separate these classes. The task is far from ImageNet, which also speaks for
#    retraining more layers. With 100% and 71% the network has learned the pictures by heart: more layers
#    that learn would overfit more, and one begins with augmentation, a penalty on weights, more data
#    (though the features may be poor as well).
# 2. Put a validation and a test part aside, by patient if possible. For the last $k = 1, 2, \dots$ layers
#    fine-tune the network, with a learning rate chosen for each $k$, several times with different seeds
#    (and splits); compare the means on the validation part with the spread between runs; measure on the
#    test part once, at the very end. A cheap scout: a linear model on the features of each layer shows from
#    which layer on the features stop being useful for the new task.
# 3. Filters of the first layers are alike for all tasks and need little change, and at first the gradient
#    that comes from a random last layer is mostly noise, so that a large step would spoil what is good. But
#    microscope pictures are unlike photographs: if the early layers are wrong too, quickly falling rates
#    keep them from changing in time. Then `decay` should be nearer to one.
#
# ### BEGIN MARK SCHEME
# **Как оценивать.** Каждый пункт — треть баллов.
#
# - Пункт 1: по ошибке на обучающих снимках заключено, что модели не хватает гибкости, и отличён случай
#   переобучения. Половина за «да, потому что задача далека от ImageNet» без разбора чисел.
# - Пункт 2: перебор числа слоёв, отдельная проверочная часть, несколько запусков и сравнение с разбросом.
#   Половина, если нет повторов или выбор сделан по тесту. Вместо перебора годится и линейная модель на
#   признаках слоёв, если названы выборка и повторы.
# - Пункт 3: общие фильтры первых слоёв или шум от случайного последнего слоя, и случай далёкой задачи.
#   Половина за что-то одно.
#
# **How to mark.** Each part is a third of the points.
#
# - Part 1: the error on the training pictures shows that the model is not flexible enough, and overfitting
#   is told apart from that. Half for "yes, because the task is far from ImageNet" without reading the
#   numbers.
# - Part 2: several numbers of layers, a validation part of its own, several runs and a comparison with
#   their spread. Half without repetition, or if the choice is made on the test part. A linear model on the
#   features of the layers will do in place of the search if the data and the repetitions are named.
# - Part 3: filters of the first layers that all tasks share, or noise from a random last layer, and the
#   case of a far task. Half for one of the two.
# ### END MARK SCHEME

# %% [markdown] lang="ru"
# ## Как сдать
# 1. Перезапустите среду и выполните все ячейки подряд (в Colab: *Среда выполнения → Перезапустить сеанс и
#    выполнить все*). Под каждой проверкой должна быть зелёная карточка.
# 2. Выполните последнюю ячейку: она ещё раз запустит все проверки и даст файл `transfer_learning.ipynb`. Можно и самому:
#    *Файл → Скачать → Скачать .ipynb*.
# 3. Загрузите файл туда, где вы получили задание. Ячейки с проверками не удаляйте и не меняйте.
#
# Не получилось какое-то упражнение — сдавайте остальные: каждое оценивается отдельно.

# %% [markdown] lang="en"
# ## How to hand in
# 1. Restart and run all cells in order (in Colab: *Runtime → Restart session and run all*). Under every
#    check there should be a green card.
# 2. Run the last cell: it runs all checks once more and gives you the file `transfer_learning.ipynb`. Or take it yourself:
#    *File → Download → Download .ipynb*.
# 3. Upload the file where you got the assignment. Don't delete or change the cells with checks.
#
# If some exercise did not work out, hand in the others: each is marked by itself.
