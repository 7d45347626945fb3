"""Where care is: the provinces and districts of Korea, the register of clinics, and what the figures say of them."""
