# Home Assistant runs `import voluptuous` as an alias of probatio: so are its types.
from probatio import *
