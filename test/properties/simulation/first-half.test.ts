// Weeks of trouble, the first half of them: weeks.ts.

import { surviveWeeks } from "./weeks.js";

surviveWeeks("first");
