"""What others reach from outside: the endpoint for Stripe's web hooks. It only hurries what polling finds anyway."""
