// Weeks of trouble, the second half of them: weeks.ts.

import { surviveWeeks } from "./weeks.js";

surviveWeeks("second");
