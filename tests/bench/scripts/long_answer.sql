select repeat('x', 100000);
