;; Every loop looks whether it is to stop.
;; lir: poll
(module (func (export "f") (loop $l (br $l))))
