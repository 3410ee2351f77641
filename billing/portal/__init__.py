"""What others reach from outside: the door for Stripe's web hooks. It only hurries what polling finds anyway."""
