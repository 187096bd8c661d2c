// Many members behind one name.
#include "mod_revproxy/balancer.h"
