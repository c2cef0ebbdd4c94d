// The pages with an odd number.
import { testPages } from "../lib/axe_pages.js";

testPages(1);
