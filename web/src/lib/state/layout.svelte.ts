// The frame of the pages: the sidebar's width and content, and whether there is room for it.
import { createContext, type Snippet } from 'svelte';

const WIDTH = 'sidebar-width';
const COLLAPSED = 'sidebar-collapsed';

export const SIDEBAR = { least: 120, most: 500, usual: 220 } as const;
/** Below it the navigation and the sidebar are a drawer. */
const NARROW = '(max-width: 767px)';

export class Layout {
  sidebarWidth = $state(storedWidth());
  collapsed = $state(localStorage.getItem(COLLAPSED) === 'true');
  narrow = $state(matchMedia(NARROW).matches);
  /** Whether the drawer of a narrow screen is open. */
  drawer = $state(false);
  /** What the page has put into the sidebar. */
  sidebar = $state.raw<Snippet | null>(null);
  /** The sidebar's name for screen readers. */
  sidebarLabel = $state('');

  constructor() {
    matchMedia(NARROW).addEventListener('change', (event) => {
      this.narrow = event.matches;
      this.drawer = false;
    });
  }

  /** Takes a width within the bounds, and remembers it. */
  resize(width: number): void {
    this.sidebarWidth = Math.round(Math.min(SIDEBAR.most, Math.max(SIDEBAR.least, width)));
    localStorage.setItem(WIDTH, String(this.sidebarWidth));
  }

  toggle(): void {
    if (this.narrow) {
      this.drawer = !this.drawer;
      return;
    }
    this.collapsed = !this.collapsed;
    localStorage.setItem(COLLAPSED, String(this.collapsed));
  }
}

function storedWidth(): number {
  const width = Number(localStorage.getItem(WIDTH) ?? SIDEBAR.usual);
  return width >= SIDEBAR.least && width <= SIDEBAR.most ? width : SIDEBAR.usual;
}

export const [getLayout, setLayout] = createContext<Layout>();
