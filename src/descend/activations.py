"""Activations: functions of a layer's weighted sums x.

All but `softmax` act on each element by itself. ``__all__`` is the one list of them: the field
``activation`` of a layer takes any of these names. Each takes an array of any shape and returns one
of the same shape and dtype; all stay finite, with finite slopes, for every finite x.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

__all__ = [
    "elu",
    "gelu",
    "hard_sigmoid",
    "hard_tanh",
    "identity",
    "leaky_relu",
    "mish",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
    "threshold",
]


def elu(x: jax.Array) -> jax.Array:
    """f(x) = x for x > 0, exp(x) - 1 otherwise.

    References
    ----------
    Clevert, Unterthiner and Hochreiter (2016), Fast and accurate deep network learning by
    exponential linear units, with alpha = 1.

    Examples
    --------
    >>> print(elu(jnp.array([-100.0, 0.0, 2.0])))
    [-1.  0.  2.]
    """
    return jax.nn.elu(x)


def gelu(x: jax.Array) -> jax.Array:
    """f(x) = x Phi(x) = x (1 + erf(x / sqrt(2))) / 2, the exact form.

    PyTorch's default is the same; the form with tanh (GPT-2) differs from it by up to 5e-4.

    References
    ----------
    Hendrycks and Gimpel (2016), Gaussian error linear units.

    Examples
    --------
    >>> print(gelu(jnp.array([-100.0, 0.0, 100.0])))
    [ -0.   0. 100.]
    """
    return jax.nn.gelu(x, approximate=False)


def hard_sigmoid(x: jax.Array) -> jax.Array:
    """f(x) = min(max(x + 3, 0), 6) / 6: a sigmoid of three straight pieces.

    PyTorch's slope of 1/6; older Keras used 1/5.

    References
    ----------
    Courbariaux, Bengio and David (2015), BinaryConnect; the slope is that of Howard et al.
    (2019), Searching for MobileNetV3.

    Examples
    --------
    >>> print(hard_sigmoid(jnp.array([-3.0, 0.0, 3.0])))
    [0.  0.5 1. ]
    """
    return jax.nn.hard_sigmoid(x)


def hard_tanh(x: jax.Array) -> jax.Array:
    """f(x) = min(max(x, -1), 1): a hyperbolic tangent of three straight pieces.

    References
    ----------
    Collobert (2004), Large scale machine learning (thesis).

    Examples
    --------
    >>> print(hard_tanh(jnp.array([-2.0, 0.5, 2.0])))
    [-1.   0.5  1. ]
    """
    return jax.nn.hard_tanh(x)


def identity(x: jax.Array) -> jax.Array:
    """f(x) = x.

    Examples
    --------
    >>> print(identity(jnp.array([-1.0, 2.0])))
    [-1.  2.]
    """
    return x


def leaky_relu(x: jax.Array) -> jax.Array:
    """f(x) = x for x >= 0, 0.01 x otherwise.

    References
    ----------
    Maas, Hannun and Ng (2013), Rectifier nonlinearities improve neural network acoustic models.

    Examples
    --------
    >>> print(leaky_relu(jnp.array([-100.0, 2.0])))
    [-1.  2.]
    """
    return jax.nn.leaky_relu(x, 0.01)


def mish(x: jax.Array) -> jax.Array:
    """f(x) = x tanh(log(1 + exp(x))).

    References
    ----------
    Misra (2020), Mish: a self regularized non-monotonic activation function.

    Examples
    --------
    >>> print(mish(jnp.array([-100.0, 0.0, 100.0])))
    [ -0.   0. 100.]
    """
    # tanh(log(1 + e)) = (e² + 2 e) / (e² + 2 e + 2): one exponential, and half of the time.
    e = jnp.exp(jnp.minimum(x, 20))
    n = e * (e + 2)
    return x * (n / (n + 2))


def relu(x: jax.Array) -> jax.Array:
    """f(x) = max(x, 0); the slope at 0 is taken as 0.

    References
    ----------
    Nair and Hinton (2010), Rectified linear units improve restricted Boltzmann machines.

    Examples
    --------
    >>> print(relu(jnp.array([-1.0, 2.0])))
    [0. 2.]
    """
    return jax.nn.relu(x)


def selu(x: jax.Array) -> jax.Array:
    """f(x) = s x for x > 0, s a (exp(x) - 1) otherwise; s = 1.0507..., a = 1.6733...

    The two constants keep mean 0 and variance 1 from layer to layer; start the weights with
    `LeCun("normal")`.

    References
    ----------
    Klambauer, Unterthiner, Mayr and Hochreiter (2017), Self-normalizing neural networks.

    Examples
    --------
    >>> print(selu(jnp.array([0.0, 1.0])))
    [0.       1.050701]
    """
    return jax.nn.selu(x)


def sigmoid(x: jax.Array) -> jax.Array:
    """f(x) = 1 / (1 + exp(-x)).

    Examples
    --------
    >>> print(sigmoid(jnp.array([-1000.0, 0.0, 1000.0])))
    [0.  0.5 1. ]
    """
    return jax.nn.sigmoid(x)


def silu(x: jax.Array) -> jax.Array:
    """f(x) = x sigmoid(x), also called swish.

    References
    ----------
    Elfwing, Uchibe and Doya (2018), Sigmoid-weighted linear units; Ramachandran, Zoph and Le
    (2017), Searching for activation functions.

    Examples
    --------
    >>> print(silu(jnp.array([-1000.0, 0.0, 1000.0])))
    [  -0.    0. 1000.]
    """
    return jax.nn.silu(x)


def softmax(x: jax.Array) -> jax.Array:
    """f(x)_i = exp(x_i) / sum_j exp(x_j), over the last axis.

    Computed after subtracting the largest x, so that no exponential overflows.

    Examples
    --------
    >>> print(softmax(jnp.array([1000.0, 1000.0])))
    [0.5 0.5]
    """
    return jax.nn.softmax(x, axis=-1)


def softplus(x: jax.Array) -> jax.Array:
    """f(x) = log(1 + exp(x)), computed without overflow.

    References
    ----------
    Dugas et al. (2001), Incorporating second-order functional knowledge for better option pricing.

    Examples
    --------
    >>> print(softplus(jnp.array([-1000.0, 1000.0])))
    [   0. 1000.]
    """
    return jax.nn.softplus(x)


def softsign(x: jax.Array) -> jax.Array:
    """f(x) = x / (1 + abs(x)).

    References
    ----------
    Bergstra, Desjardins, Lamblin and Bengio (2009), Quadratic polynomials learn better image
    features.

    Examples
    --------
    >>> print(softsign(jnp.array([-1.0, 0.0, 3.0])))
    [-0.5   0.    0.75]
    """
    return jax.nn.soft_sign(x)


def tanh(x: jax.Array) -> jax.Array:
    """f(x) = (exp(x) - exp(-x)) / (exp(x) + exp(-x)).

    Examples
    --------
    >>> print(tanh(jnp.array([-1000.0, 0.0, 1000.0])))
    [-1.  0.  1.]
    """
    return jnp.tanh(x)


@jax.custom_jvp
def threshold(x: jax.Array) -> jax.Array:
    """f(x) = 1 for x >= 0, 0 otherwise: a unit that fires or does not.

    Its true slope is 0 wherever it exists, and nothing would be learned from it. Going backward,
    a surrogate stands in for it (a straight-through estimator): 1 / (1 + abs(x))^2, the slope of
    `softsign`. It is 1 at the step and never quite 0, so that no unit is stuck for good.

    References
    ----------
    McCulloch and Pitts (1943), A logical calculus of the ideas immanent in nervous activity, for
    the unit; Bengio, Léonard and Courville (2013), Estimating or propagating gradients through
    stochastic neurons, for the estimator; Zenke and Ganguli (2018), SuperSpike, for its form.

    Examples
    --------
    >>> print(threshold(jnp.array([-0.1, 0.0, 0.1])))
    [0. 1. 1.]
    """
    return jnp.asarray(x >= 0, x.dtype)


@threshold.defjvp
def _threshold_slope(primals: tuple[jax.Array], tangents: tuple[jax.Array]):
    (x,), (dx,) = primals, tangents
    return threshold(x), dx / jnp.square(1 + jnp.abs(x))
