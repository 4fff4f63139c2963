// A classic script on purpose: it runs before the first paint, so a remembered theme never flashes.
try {
  const theme = localStorage.getItem('theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch { /* Storage is switched off: follow the system. */ }
