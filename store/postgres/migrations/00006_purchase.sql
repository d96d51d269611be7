-- What a line bought, as the marketplace told it. The new column has a default, so the previous binary works on while this
-- schema is there; lines that it admits tell nothing of their purchase but the product.

-- +goose Up
-- JSON: order type, period, amounts, expiry and time of the order; no personal data. Empty when nothing was told.
ALTER TABLE order_lines ADD COLUMN purchase TEXT NOT NULL DEFAULT '';
