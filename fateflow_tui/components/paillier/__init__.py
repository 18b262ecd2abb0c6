"""Paillier's additively homomorphic encryption of vectors of real numbers.

`keys` makes key pairs, `vectors` encrypts, adds and weighs, `products` has the modular arithmetic that takes the
time. Primes come from OpenSSL, chance from the operating system, long integers from GMP.
"""
