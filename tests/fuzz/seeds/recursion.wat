(module
  (rec)
  (type (func))
  (rec (type (func (param i32))))
  (rec))
