// The texts of a page that do not stand out from what they stand on as AA of WCAG 2 asks: by less than 4.5 to 1.
() => {
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

  // What is seen where colours lie one over the other: red, green and blue.
  function painted(colours) {
    for (const colour of colours) {
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
    }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  }

  function luminance(colours) {
    const [red, green, blue] = painted(colours)
      .map((each) => each / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function grounds(element) {
    return element ? [...grounds(element.parentElement), getComputedStyle(element).backgroundColor] : ["white"];
  }

  function isFaint(element) {
    const ground = grounds(element);
    const both = [luminance(ground), luminance([...ground, getComputedStyle(element).color])];
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05) < 4.5;
  }

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const faint = new Map();
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const words = texts.currentNode.data.trim();
    const isSeen = words && !element.closest("script, svg, datalist") && element.checkVisibility({ visibilityProperty: true });
    if (isSeen && !faint.has(element) && isFaint(element)) faint.set(element, words.slice(0, 60));
  }
  return [...faint.values()];
}
