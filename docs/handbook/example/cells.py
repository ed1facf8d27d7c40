# %% [markdown] lang="ru"
# ## 7. Доля найденного в среднем по классам
# *10 минут*
#
# Для каждого класса, который есть в разметке, возьмите долю его пикселей, предсказанных верно, и усредните эти
# доли по классам. Пиксели 255 не считаются.

# %% [markdown] lang="en"
# ## 7. What is found, averaged over the classes
# *10 minutes*
#
# For each class in the truth take the share of its pixels that are predicted right, and average these shares
# over the classes. Pixels of 255 don't count.

# %% exercise="mean_accuracy"
def mean_accuracy(predicted, truth):
    """Share of pixels found, averaged over the classes of the truth, from 0 to 1.

    predicted, truth: (N, H, W) tensors of labels, any integer dtype; truth may hold VOID.
    Returns a float.
    """
    ### BEGIN SOLUTION
    classes = [k for k in truth.unique() if k != VOID]
    shares = [(predicted == k)[truth == k].double().mean() for k in classes]
    return (sum(shares) / len(shares)).item()
    ### END SOLUTION


# %% check="mean_accuracy"
check("mean_accuracy", mean_accuracy)

# %% [markdown] lang="ru"
# <details><summary>Верно, пока в разметке есть все классы подряд</summary>
#
# По каким классам идёт среднее: по тем, что есть в разметке, или по всем номерам до наибольшего?
# </details>

# %% [markdown] lang="en"
# <details><summary>Right as long as the truth holds all classes in a row</summary>
#
# Over which classes does the mean run: those in the truth, or all numbers up to the largest?
# </details>
