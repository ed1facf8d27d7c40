"""Networks that differ in their poolings alone."""

import pytest
import torch

from course_utils.reference.pooled_network import pooled_network
from course_utils.reference.receptive_field import receptive_field


def weights(network):
    return torch.nn.utils.parameters_to_vector(network.parameters())


@pytest.mark.parametrize(("poolings", "field"), [(0, 11), (1, 20), (2, 34), (3, 54), (5, 94)])
def test_poolings_widen_the_field_and_coarsen_the_map(poolings, field):
    network = pooled_network(3, poolings)
    geometry = receptive_field(network.features)
    assert geometry.size == (field, field)
    assert geometry.stride == (2**poolings, 2**poolings)
    assert network(torch.rand(2, 3, 64, 32)).shape == (2, 3, 64, 32)


def test_they_have_equally_many_weights():
    assert len({len(weights(pooled_network(3, poolings))) for poolings in range(6)}) == 1


def test_poolings_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match=r"0\.\.5"):
        pooled_network(3, 6)
