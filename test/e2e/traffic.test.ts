import { testManifests, testPage } from "../support/test-page.ts";

// Apart from the other pages: it is the longest, and files run side by side.
testManifests("docs/traffic.md", "shop", 8);
testPage("docs/traffic.md");
