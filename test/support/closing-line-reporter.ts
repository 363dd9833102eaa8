import type { Reporter, TestModule, Vitest } from 'vitest/node'

/**
 * Ends a test run with the plain line "N passed, N failed, N skipped", the last thing printed. A test file that could
 * not be loaded, a failed hook and an error outside of any test each count as one failure, and so does a run that ends
 * with an error before it has any test.
 */
export class ClosingLineReporter implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
    // Vitest still reports errors outside of tests and its own shutdown after a reporter's last call.
    process.once('exit', (code) => process.stdout.write(`${this.#line(code)}\n`))
  }

  #line(exitCode: number): string {
    const state = this.#vitest?.state
    const count = { passed: 0, failed: state?.getUnhandledErrors().length ?? 0, skipped: 0, pending: 0 }
    for (const file of state?.getFiles() ?? []) {
      const module = state?.getReportedEntity(file) as TestModule
      count.failed += module.errors().length
      for (const test of module.children.allTests()) count[test.result().state]++
      for (const suite of module.children.allSuites()) count.failed += suite.errors().length
    }
    // The global set-up has failed, for one: Vitest knows of no error but ends with this code.
    if (exitCode !== 0 && count.failed === 0) count.failed = 1
    return `${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`
  }
}
