// The pages with an even number; the others are beside them in another file, since files run at the same time.
import { testPages } from "../lib/axe_pages.js";

testPages(0);
