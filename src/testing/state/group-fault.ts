/** Why a group's coordinator refuses a request: thrown, to be answered with. */
export class GroupFault extends Error {
  override readonly name = 'GroupFault'
  readonly errorCode: number

  constructor(errorCode: number, message: string) {
    super(message)
    this.errorCode = errorCode
  }
}
